import type { Clock } from '../core/clock.ts'
import { pauseKey } from '../server/control-areas.ts'

/** A message of a paused task comes back after this time at the earliest: a resumed task goes on within two seconds. */
const AWAY_MS = 800
/** Messages come back one after the other: a long backlog costs 500 looks a second, not all that the broker can give. */
const SPACING_MS = 2
/** … but not later than this, so that a resumed backlog is whole again within a minute. */
const LONGEST_MS = 60_000

/** What a worker does not take for now: paused queues and tasks, or everything while it is quiet. */
export class Pauses {
  readonly #clock: Clock
  #paused: ReadonlySet<string> = new Set()
  #nextBackAt = 0
  isQuiet = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes over the keys of what is paused. Answers whether that is a change. */
  replace(keys: readonly string[]): boolean {
    const isSame = keys.length === this.#paused.size && keys.every((key) => this.#paused.has(key))
    if (!isSame) this.#paused = new Set(keys)
    return !isSame
  }

  /** Whether nothing is claimed from the queue. */
  isHeldBack(queue: string): boolean {
    return this.isQuiet || this.isQueuePaused(queue)
  }

  isQueuePaused(queue: string): boolean {
    return this.#paused.size > 0 && this.#paused.has(pauseKey('queue', queue))
  }

  isTaskPaused(name: string): boolean {
    return this.#paused.size > 0 && this.#paused.has(pauseKey('task', name))
  }

  /** When a message of a paused task, given back now, is to come again. */
  nextDelayMs(): number {
    const now = this.#clock.monotonic()
    const at = Math.max(this.#nextBackAt + SPACING_MS, now + AWAY_MS)
    this.#nextBackAt = Math.min(at, now + LONGEST_MS)
    return this.#nextBackAt - now
  }
}
