import type { Timer } from '../core/clock.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'
import type { Runtime } from '../server/runtime.ts'
import { logTickFailure, type Outbox } from './outbox.ts'
import { hasChanged, lastTickOf, type ScheduleEntry } from './schedule-entry.ts'
import type { StoreTime } from './store-time.ts'
import type { TickRunner } from './tick-runner.ts'

/** How often the store's clock is measured, and changes by other servers are looked for. */
const REFRESH_MS = 30_000
const SWEEP_MS = 10_000
/** Servers sweep at different moments: most of what is abandoned is published by one of them. */
const SWEEP_JITTER = 0.2
const RETRY_MS = 1_000
const LONGEST_SLEEP_MS = 30_000

/** What a loop works with. */
export interface TickLoopParts {
  readonly runtime: Runtime
  readonly store: ScheduleStore
  readonly time: StoreTime
  readonly outbox: Outbox
  readonly runner: TickRunner
  readonly entries: ReadonlyMap<string, ScheduleEntry>
}

/**
 * Calls what is due: schedules by the store's time, the measurement of that time and the sweep of the outbox by the monotonic clock.
 * One timer for all. Nothing waits for anything else, so that a store that hangs on one call holds back that call alone.
 */
export class TickLoop {
  readonly #parts: TickLoopParts
  readonly #running = new Set<Promise<void>>()
  #starting: Promise<void> | undefined
  #isClosed = false
  #timer: Timer | undefined
  #refreshAt = Infinity
  #sweepAt = Infinity

  constructor(parts: TickLoopParts) {
    this.#parts = parts
  }

  /** Measures the time and begins. Further calls wait for the first. @throws what the store throws; then it can be called again. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  /** To be called when a schedule was added or changed. */
  arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#isClosed || this.#starting === undefined) return
    const { runtime, time, entries } = this.#parts
    const monotonic = runtime.clock.monotonic()
    const now = time.now()
    let sleepMs = Math.min(LONGEST_SLEEP_MS, this.#refreshAt - monotonic, this.#sweepAt - monotonic)
    for (const { dueAt, isBusy } of entries.values()) {
      if (dueAt !== undefined && !isBusy) sleepMs = Math.min(sleepMs, dueAt - now)
    }
    this.#timer = runtime.clock.setTimer(() => this.#wake(), Math.max(0, Math.ceil(sleepMs)), true)
  }

  /** Looks soon for what has changed in the store. */
  refreshSoon(): void {
    if (this.#starting === undefined) return
    this.#refreshAt = this.#parts.runtime.clock.monotonic()
    this.arm()
  }

  /** Idempotent; resolves when what was under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #start(): Promise<void> {
    const { time, runtime } = this.#parts
    await time.measure()
    this.#refreshAt = runtime.clock.monotonic() + REFRESH_MS
    this.#sweepAt = runtime.clock.monotonic()
  }

  #wake(): void {
    const { runtime, time, entries } = this.#parts
    const monotonic = runtime.clock.monotonic()
    if (monotonic >= this.#sweepAt) {
      this.#sweepAt = Infinity
      this.#run(() => this.#sweep())
    }
    if (monotonic >= this.#refreshAt) {
      this.#refreshAt = Infinity
      this.#run(() => this.#refresh())
    }
    for (const entry of entries.values()) {
      if (entry.dueAt !== undefined && !entry.isBusy && entry.dueAt <= time.now()) {
        entry.isBusy = true
        this.#run(() => this.#look(entry))
      }
    }
    this.arm()
  }

  #run(work: () => Promise<void>): void {
    const running = work().finally(() => {
      this.#running.delete(running)
      this.arm()
    })
    this.#running.add(running)
  }

  async #look(entry: ScheduleEntry): Promise<void> {
    const { runner, runtime, time } = this.#parts
    try {
      await runner.look(entry)
    } catch (error) {
      logTickFailure(runtime, entry, error)
      entry.dueAt = time.now() + RETRY_MS
    } finally {
      entry.isBusy = false
    }
  }

  async #refresh(): Promise<void> {
    const { runtime, time, store, entries } = this.#parts
    let againMs = REFRESH_MS
    try {
      await time.measure()
      for (const stored of await store.list()) {
        const entry = entries.get(stored.name)
        if (entry === undefined || entry.isBusy || entry.isQueued || stored.isPaused) continue
        // Whatever is wrong with one of them is told when it is looked at.
        entry.dueAt = hasChanged(entry, stored) ? time.now() : entry.timing.next(lastTickOf(entry, stored))
      }
    } catch (error) {
      againMs = RETRY_MS
      runtime.logger.warn({ err: error }, 'schedules cannot be read; the last known times hold')
    }
    this.#refreshAt = runtime.clock.monotonic() + againMs
  }

  async #sweep(): Promise<void> {
    const { runtime, outbox } = this.#parts
    try {
      await outbox.sweep()
    } catch (error) {
      runtime.logger.warn({ err: error }, 'the outbox of the schedules cannot be read')
    }
    const jitter = 1 + SWEEP_JITTER * (2 * runtime.clock.random() - 1)
    this.#sweepAt = runtime.clock.monotonic() + SWEEP_MS * jitter
  }
}
