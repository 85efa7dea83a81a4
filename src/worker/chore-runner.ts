import { isMachineryError } from '../core/errors.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Chore } from '../core/ports/broker.ts'
import type { Service } from './service.ts'

/** Pause after a chore failed; grows to the longest, so that a store that is down is not hammered. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000

/** Runs the periodic work of the drivers, each chore by itself: an error is logged and the chore runs again. */
export class ChoreRunner implements Service {
  readonly name = 'chore-runner'
  readonly #chores: readonly Chore[]
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #onError: (error: unknown) => void
  readonly #stopped = new AbortController()
  readonly #timers = new Map<Chore, Timer>()
  readonly #running = new Set<Promise<void>>()
  #started = false

  constructor(
    chores: readonly Chore[],
    clock: Clock,
    logger: Logger,
    onError: (error: unknown) => void = () => {},
  ) {
    this.#chores = chores
    this.#clock = clock
    this.#logger = logger
    this.#onError = onError
  }

  start(): void {
    if (this.#started || this.#stopped.signal.aborted) return
    this.#started = true
    for (const chore of this.#chores) this.#run(chore, 0)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    await Promise.all(this.#running)
  }

  #run(chore: Chore, failures: number): void {
    const run = this.#once(chore, failures)
    this.#running.add(run)
    void run.finally(() => this.#running.delete(run))
  }

  async #once(chore: Chore, failures: number): Promise<void> {
    let pauseMs: number
    let nextFailures = 0
    try {
      pauseMs = (await chore.run(this.#stopped.signal)).nextInMs
    } catch (error) {
      if (this.#stopped.signal.aborted || isMachineryError(error, 'ERR_CLOSED')) return
      nextFailures = failures + 1
      pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10))
      this.#logger.warn(
        { chore: chore.name, err: error, retryInMs: pauseMs },
        'a chore failed; it runs again',
      )
      this.#onError(error)
    }
    if (this.#stopped.signal.aborted) return
    // Ten per cent of jitter keeps the processes of a fleet apart.
    const jittered = pauseMs * (0.95 + this.#clock.random() * 0.1)
    this.#timers.set(
      chore,
      this.#clock.setTimer(() => this.#run(chore, nextFailures), jittered),
    )
  }
}
