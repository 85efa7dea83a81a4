import { isMachineryError, type MachineryError } from '../core/errors.ts'
import type { ErrorCode } from '../core/error-codes.ts'

/** How a command ends, for scripts: `docs/reference/cli.md` has the table. */
export const EXIT = { ok: 0, no: 1, usage: 2, unreachable: 3, interrupted: 130 } as const

/** One of the values of `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_CONNECT_FAILED',
  'ERR_CONNECTION_LOST',
  'ERR_STORE_BUSY',
  'ERR_STORE_FULL',
  'ERR_STORE_FAILED',
])

const USAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_OPTION_INVALID',
  'ERR_DRIVER_UNKNOWN',
  'ERR_DRIVER_MISSING',
  'ERR_BACKEND_REQUIRED',
  'ERR_UNSUPPORTED',
  'ERR_TASK_DUPLICATE',
  'ERR_ENCODE',
  'ERR_DECODE',
  'ERR_ARGUMENTS_INVALID',
])

/** Whether the store could not be reached, or did not do what it was asked. */
export function isUnreachable(error: unknown): error is MachineryError {
  return isMachineryError(error) && UNREACHABLE.has(error.code)
}

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isUnreachable(error)) return EXIT.unreachable
  return isMachineryError(error) && USAGE.has(error.code) ? EXIT.usage : EXIT.no
}
