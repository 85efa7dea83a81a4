import type { MemoryQueue } from './memory-queue.ts'

/** One message in the store. */
export interface Entry {
  readonly queue: MemoryQueue
  readonly body: Uint8Array
  readonly priority: number
  /** Epoch ms. */
  readonly publishedAt: number
  deliveryCount: number
  /** Place in line among messages of one priority; a new one each time it joins at the end. */
  place: number
}

const FIRST_CAPACITY = 16

/**
 * A line of messages of one priority, ordered by place: a ring buffer, so that both ends cost O(1) whatever the length.
 * Messages that come back go to where they were, which is nearly always the front.
 */
export class MemoryLine {
  #ring: (Entry | undefined)[] = Array.from({ length: FIRST_CAPACITY })
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(entry: Entry): void {
    this.#makeRoom()
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = entry
    this.#length++
  }

  shift(): Entry | undefined {
    if (this.#length === 0) return undefined
    const entry = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#length--
    return entry
  }

  /** Puts `entry` back in line by its place. */
  putBack(entry: Entry): void {
    this.#makeRoom()
    const mask = this.#ring.length - 1
    this.#head = (this.#head - 1) & mask
    this.#length++
    let index = 0
    for (; index + 1 < this.#length; index++) {
      const next = this.#ring[(this.#head + index + 1) & mask] as Entry
      if (next.place > entry.place) break
      this.#ring[(this.#head + index) & mask] = next
    }
    this.#ring[(this.#head + index) & mask] = entry
  }

  /** The entry at `index`, counted from the front. */
  at(index: number): Entry {
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)] as Entry
  }

  #makeRoom(): void {
    if (this.#length < this.#ring.length) return
    const larger: (Entry | undefined)[] = Array.from({ length: this.#ring.length * 2 })
    for (let index = 0; index < this.#length; index++) larger[index] = this.at(index)
    this.#ring = larger
    this.#head = 0
  }
}
