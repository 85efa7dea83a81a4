/** Up to this mean run time the whole look-ahead is used … */
const SHORT_MS = 5
/** … and above this one none: messages held here could run elsewhere. */
const LONG_MS = 50
const MOST = 64
/** Weight of the newest run in the mean. */
const WEIGHT = 0.1

/**
 * How many messages beyond the free slots are worth claiming: for very short tasks a round trip costs more than the run
 * (spec: reliability 2.4), for long ones a message held is a message that waits (Machinery #559).
 */
export class LookAhead {
  #meanMs: number | undefined

  /** Takes the run time of one task into the mean. */
  observe(runMs: number): void {
    this.#meanMs = this.#meanMs === undefined ? runMs : this.#meanMs + (runMs - this.#meanMs) * WEIGHT
  }

  /** Starts over: the runs that were seen say nothing about those to come. */
  forget(): void {
    this.#meanMs = undefined
  }

  /** 0…64; 0 until a run was seen. */
  get size(): number {
    if (this.#meanMs === undefined || this.#meanMs >= LONG_MS) return 0
    if (this.#meanMs <= SHORT_MS) return MOST
    return Math.floor((MOST * (LONG_MS - this.#meanMs)) / (LONG_MS - SHORT_MS))
  }
}
