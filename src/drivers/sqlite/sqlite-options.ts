import { resolve } from 'node:path'

import { type Clock, systemClock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'

/** Options of the sqlite driver. */
export interface SqliteStoreOptions {
  /** File of the database, on a local disk; made when it is not there, its directory is not. Two files beside it, `-wal` and `-shm`, belong to it. */
  readonly path: string
  /**
   * `process`: what was acknowledged survives the death of any process; a power loss or a crash of the operating system
   * may take back the last commits, as a whole and without damage. `power`: it survives those too, for one fsync per commit.
   * @default 'process'
   */
  readonly durability?: 'process' | 'power'
  /** After this long without a sign of life from a consumer's process, what it held is delivered again. @default 15_000 */
  readonly leaseMs?: number
  /** A process whose event loop is blocked for longer than this no longer renews its leases. @default 300_000 */
  readonly maxBlockMs?: number
  /** When the event loop was blocked for longer than this, the function that blocked it is logged. @default 1_000 */
  readonly blockWarningMs?: number
  /** How long one attempt blocks the event loop when another process holds the write lock; then other work goes on. @default 20 */
  readonly busyTimeoutMs?: number
  /** How long an operation tries to get the write lock before it ends with `ERR_STORE_BUSY`. @default 5_000 */
  readonly operationTimeoutMs?: number
  /** Whether a consumer whose process is seen to be dead, on this machine, loses its lease at once. @default true */
  readonly checkPids?: boolean
  /** @default the machine's clock */
  readonly clock?: Clock
  /** @default logs nothing */
  readonly logger?: Logger
}

/** Options with every default filled in. */
export type SqliteSettings = Required<SqliteStoreOptions>

const LIMITS_MS = {
  leaseMs: { min: 30, standard: 15_000 },
  maxBlockMs: { min: 1, standard: 300_000 },
  blockWarningMs: { min: 1, standard: 1_000 },
  busyTimeoutMs: { min: 0, standard: 20 },
  operationTimeoutMs: { min: 0, standard: 5_000 },
} as const

/** @throws `ERR_OPTION_INVALID` when an option has a value that is not allowed */
export function sqliteSettings(options: SqliteStoreOptions): SqliteSettings {
  const { durability = 'process', checkPids = true, clock = systemClock, logger = silentLogger } = options
  if (durability !== 'process' && durability !== 'power') {
    throw invalid('durability', durability, "it must be 'process' or 'power'")
  }
  const duration = (name: keyof typeof LIMITS_MS): number => {
    const { min, standard } = LIMITS_MS[name]
    const value = options[name] ?? standard
    if (!(value >= min && value <= 2_147_483_647)) {
      throw invalid(name, value, `it must be a number of milliseconds from ${min} to 2147483647`)
    }
    return Math.floor(value)
  }
  return {
    path: filePath(options.path),
    durability,
    leaseMs: duration('leaseMs'),
    maxBlockMs: duration('maxBlockMs'),
    blockWarningMs: duration('blockWarningMs'),
    busyTimeoutMs: duration('busyTimeoutMs'),
    operationTimeoutMs: duration('operationTimeoutMs'),
    checkPids,
    clock,
    logger,
  }
}

function filePath(path: string): string {
  if (typeof path !== 'string' || path === '') throw invalid('path', path, 'it must be the path of a file')
  if (path.startsWith(':memory:') || path.startsWith('file:')) {
    throw invalid('path', path, 'it must be the path of a file; for a queue in memory use the memory driver')
  }
  if (path.includes('\0')) throw invalid('path', path, 'it must not contain a NUL character')
  // Absolute, so that SQLite never takes it for a URI and a later chdir does not matter.
  return resolve(path)
}

function invalid(option: string, value: unknown, right: string): MachineryError {
  const text = `${option} is ${JSON.stringify(value) ?? String(value)}; ${right}`
  return new MachineryError('ERR_OPTION_INVALID', text, { details: { option, value } })
}
