import type { Clock, Timer } from '../../core/clock.ts'
import type { Entry } from './memory-line.ts'

/** A message that is held back. */
export interface Delayed {
  readonly entry: Entry
  /** On the monotonic clock, so that a jump of the wall time moves nothing. */
  readonly dueAt: number
  readonly number: number
}

const before = (a: Delayed, b: Delayed): boolean =>
  a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.number < b.number)

/**
 * The delayed messages of a store: a binary heap by due time, then by order of arrival. One timer, for the soonest, is
 * set only while a claim waits: whoever comes later looks first.
 */
export class MemoryDelays {
  readonly #clock: Clock
  readonly #onDue: () => void
  #heap: Delayed[] = []
  #numbers = 0
  #waiting = 0
  #timer: Timer | undefined
  #timerDueAt = Infinity

  /** @param onDue called when the soonest message is due while a claim waits */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  add(entry: Entry, delayMs: number): void {
    entry.queue.delayed++
    const heap = this.#heap
    const added: Delayed = { entry, dueAt: this.#clock.monotonic() + delayMs, number: this.#numbers++ }
    let index = heap.length
    for (; index > 0; index = (index - 1) >> 1) {
      const parent = heap[(index - 1) >> 1] as Delayed
      if (before(parent, added)) break
      heap[index] = parent
    }
    heap[index] = added
    this.#arm()
  }

  /** Takes out the next message that is due. */
  takeDue(): Entry | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.dueAt > this.#clock.monotonic()) return undefined
    const last = this.#heap.pop() as Delayed
    if (this.#heap.length > 0) this.#sink(last)
    first.entry.queue.delayed--
    return first.entry
  }

  /** Soonest first. */
  list(): readonly Delayed[] {
    return this.#heap.toSorted((a, b) => (before(a, b) ? -1 : 1))
  }

  /** Forgets the delayed messages of one queue. */
  clear(queue: Entry['queue']): void {
    const kept = this.list().filter(({ entry }) => entry.queue !== queue)
    this.#heap = [...kept]
    queue.delayed = 0
    this.#arm()
  }

  /** A claim begins (+1) or ends (-1) to wait. */
  waiting(change: 1 | -1): void {
    this.#waiting += change
    this.#arm()
  }

  /** Sets the timer anew if the soonest message changed. */
  #arm(): void {
    const dueAt = this.#waiting > 0 ? (this.#heap[0]?.dueAt ?? Infinity) : Infinity
    if (dueAt === this.#timerDueAt) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerDueAt = dueAt
    if (dueAt === Infinity) return
    const wait = Math.max(0, Math.ceil(dueAt - this.#clock.monotonic()))
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      this.#timerDueAt = Infinity
      this.#onDue()
      this.#arm()
    }, wait)
  }

  #sink(moved: Delayed): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Delayed, heap[child] as Delayed)) child++
      if (before(moved, heap[child] as Delayed)) break
      heap[index] = heap[child] as Delayed
      index = child
    }
    heap[index] = moved
  }
}
