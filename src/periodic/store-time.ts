import type { Clock } from '../core/clock.ts'

const SAMPLES = 5

/**
 * The time of the store, as far as this process can know it: its own monotonic clock, corrected by the median of five
 * measurements. Skew and jumps of the wall clock have no effect; drift has until the next measurement.
 */
export class StoreTime {
  readonly #clock: Clock
  readonly #read: () => Promise<number>
  #offset = 0

  /** @param read epoch milliseconds by the store's clock */
  constructor(clock: Clock, read: () => Promise<number>) {
    this.#clock = clock
    this.#read = read
    // Until it is measured, better than nothing.
    this.#offset = clock.now() - clock.monotonic()
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#clock.monotonic() + this.#offset
  }

  /** @throws what the store throws; the last measurement stays. */
  async measure(): Promise<void> {
    const offsets: number[] = []
    for (let sample = 0; sample < SAMPLES; sample++) {
      const before = this.#clock.monotonic()
      const now = await this.#read()
      offsets.push(now - (before + this.#clock.monotonic()) / 2)
    }
    this.#offset = offsets.toSorted((a, b) => a - b)[(SAMPLES - 1) / 2] as number
  }
}
