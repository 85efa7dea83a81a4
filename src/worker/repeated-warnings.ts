import type { Clock } from '../core/clock.ts'
import { errorText, isMachineryError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'

const REPEAT_MS = 30_000
/** Different warnings that are remembered; the one that was logged longest ago is forgotten. */
const MOST = 100

interface Logged {
  readonly at: number
  /** How often it was left out since. */
  left: number
}

/**
 * Logs an error that comes again and again, as while a broker is away, at once and then at most every 30 s, with the number of
 * lines that were left out as `repeated`. Errors are the same when code and text are.
 */
export class RepeatedWarnings {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #logged = new Map<string, Logged>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  warn(error: unknown, message: string): void {
    const key = `${message} ${isMachineryError(error) ? error.code : ''} ${errorText(error)}`
    const at = this.#clock.monotonic()
    const last = this.#logged.get(key)
    if (last !== undefined && at - last.at < REPEAT_MS) {
      last.left += 1
      return
    }
    this.#logged.delete(key)
    this.#logged.set(key, { at, left: 0 })
    const [oldest] = this.#logged.keys()
    if (this.#logged.size > MOST && oldest !== undefined) this.#logged.delete(oldest)
    const repeated = last?.left ?? 0
    this.#logger.warn(repeated === 0 ? { err: error } : { err: error, repeated }, message)
  }
}
