import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/** Options of a `MachineryError`. */
export interface MachineryErrorOptions {
  /** What led to it; vendor errors are always kept here and never cross a port raw. */
  readonly cause?: unknown
  /** Names and values that belong to the error: option, limit, uuid, queue. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * The one error class of the product. Branch on `code`, not on the class: `isMachineryError(error, 'ERR_CLOSED')`
 * also works across two copies of the package.
 */
export class MachineryError extends Error {
  override readonly name = 'MachineryError'
  /** Stable code; the table with all meanings is `docs/reference/errors.md`. */
  readonly code: ErrorCode
  /** Names and values that belong to the error. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: MachineryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  /** Whether the same call may succeed later without a change by the caller. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
  }
}

/** Whether `error` is a `MachineryError`, and has the given code if one is given. */
export function isMachineryError(error: unknown, code?: ErrorCode): error is MachineryError {
  return (
    error instanceof Error &&
    error.name === 'MachineryError' &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code in ERROR_CODES &&
    (code === undefined || error.code === code)
  )
}

/** The text of anything that was thrown: an Error's message, a string itself, otherwise Go Machinery's text for a panic. */
export function errorText(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  if (typeof thrown === 'string') return thrown
  return 'Invoking task caused a panic'
}
