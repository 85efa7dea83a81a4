/** Entries looked at per write: enough for the map to shrink as fast as it grows. */
const SWEPT_PER_WRITE = 2

interface Kept<T> {
  readonly value: T
  readonly expiresAt: number
}

/**
 * A map whose entries run out. No timers: an entry that ran out is not found, and every write removes a few old ones, so
 * that memory is bounded by what was written within the longest time of keeping.
 */
export class ExpiringMap<T> {
  readonly #now: () => number
  readonly #entries = new Map<string, Kept<T>>()
  #sweep: MapIterator<[string, Kept<T>]> = this.#entries.entries()

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Entries kept, those included that ran out and were not removed yet. */
  get size(): number {
    return this.#entries.size
  }

  get(key: string): T | undefined {
    const kept = this.#entries.get(key)
    return kept === undefined || kept.expiresAt <= this.#now() ? undefined : kept.value
  }

  set(key: string, value: T, keepMs: number): void {
    const now = this.#now()
    this.#entries.set(key, { value, expiresAt: now + keepMs })
    for (let count = 0; count < SWEPT_PER_WRITE; count++) {
      const next = this.#sweep.next()
      if (next.done === true) {
        this.#sweep = this.#entries.entries()
        return
      }
      const [oldKey, { expiresAt }] = next.value
      if (expiresAt <= now) this.#entries.delete(oldKey)
    }
  }

  /** What has not run out. */
  *entries(): Generator<readonly [key: string, value: T]> {
    const now = this.#now()
    for (const [key, { value, expiresAt }] of this.#entries) if (expiresAt > now) yield [key, value]
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
