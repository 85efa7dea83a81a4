import { type Entry, MemoryLine } from './memory-line.ts'

/** A claim that waits for a message or for room. */
export interface Waiter {
  /** Takes what it may; ends the wait if that is anything. */
  readonly tryTake: () => void
}

/** A message that was given up. */
export interface DeadEntry {
  readonly id: string
  readonly entry: Entry
  readonly reason: string
  /** Epoch ms. */
  readonly deadAt: number
}

/** The messages of one queue that are ready, by priority and then by place in line; its dead letters; who waits for it. */
export class MemoryQueue {
  readonly name: string
  /** Oldest first. All are kept until they are redriven or purged. */
  readonly dead: Map<string, DeadEntry> = new Map()
  readonly waiters: Set<Waiter> = new Set()
  pending = 0
  delayed = 0
  inFlight = 0
  consumers = 0
  /** Whether it ever held a message. */
  used = false
  #lines = new Map<number, MemoryLine>()
  /** Priorities that have a line, highest first. */
  #priorities: readonly number[] = []
  #places = 0

  constructor(name: string) {
    this.name = name
  }

  /** Adds `entry` at the end of the line of its priority. */
  join(entry: Entry): void {
    entry.place = this.#places++
    this.#line(entry.priority).push(entry)
    this.pending++
  }

  /** Puts `entry` back where it was in line. */
  putBack(entry: Entry): void {
    this.#line(entry.priority).putBack(entry)
    this.pending++
  }

  /** The next message, taken out. */
  take(): Entry | undefined {
    if (this.pending === 0) return undefined
    for (const priority of this.#priorities) {
      const entry = this.#line(priority).shift()
      if (entry === undefined) continue
      this.pending--
      return entry
    }
    return undefined
  }

  /** Lets waiting claims take what is there, the longest waiting first. */
  wake(): void {
    for (const waiter of this.waiters) {
      if (this.pending === 0) return
      waiter.tryTake()
    }
  }

  /** Ready messages in the order in which they would be delivered. */
  *ready(): Generator<Entry, void, undefined> {
    for (const priority of this.#priorities) {
      const line = this.#line(priority)
      for (let index = 0; index < line.length; index++) yield line.at(index)
    }
  }

  /** Removes the ready messages; answers how many there were. */
  clearReady(): number {
    const removed = this.pending
    this.#lines = new Map()
    this.#priorities = []
    this.pending = 0
    return removed
  }

  #line(priority: number): MemoryLine {
    let line = this.#lines.get(priority)
    if (line === undefined) {
      line = new MemoryLine()
      this.#lines.set(priority, line)
      this.#priorities = [...this.#lines.keys()].toSorted((a, b) => b - a)
    }
    return line
  }
}
