import type { Timer } from '../../src/core/clock.ts'

/** Whether the owner of an event lets it happen now; a number postpones it to that time. */
export interface EventOwner {
  admits(now: number): boolean | number
}

interface PendingEvent {
  at: number
  /** Decides among events of one time, in no order that anybody could rely on. */
  readonly order: number
  readonly owner: EventOwner | undefined
  readonly callback: () => void
  isCancelled: boolean
}

/** All microtasks that an event sets off have run when the next turn of the event loop begins. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * The one scheduler of a simulation: every timer, every step of every call to a store, every fault is an event in it. It fires one,
 * lets the promises that this sets off run to their end, and fires the next: nothing happens by itself, so that a seed is a history.
 */
export class EventQueue {
  readonly #random: () => number
  readonly #heap: PendingEvent[] = []
  #now = 0
  #fired = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** Virtual ms since the beginning. */
  get now(): number {
    return this.#now
  }

  /** Events so far. */
  get fired(): number {
    return this.#fired
  }

  /** Calls back after `delayMs`, unless cancelled, or refused by its owner by then. */
  schedule(callback: () => void, delayMs: number, owner?: EventOwner): Timer {
    const event = {
      at: this.#now + Math.max(0, delayMs),
      order: this.#random(),
      owner,
      callback,
      isCancelled: false,
    }
    this.#push(event)
    return { cancel: () => void (event.isCancelled = true) }
  }

  /** Fires the next event and everything it sets off; false when there is none. */
  async step(): Promise<boolean> {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      if (event.isCancelled) continue
      this.#now = event.at
      const admitted = event.owner?.admits(this.#now) ?? true
      if (admitted === false) continue
      if (admitted !== true) {
        event.at = admitted
        this.#push(event)
        continue
      }
      this.#fired += 1
      event.callback()
      await turn()
      return true
    }
    return false
  }

  #push(event: PendingEvent): void {
    const heap = this.#heap
    let index = heap.length
    for (; index > 0; index = (index - 1) >> 1) {
      const parent = heap[(index - 1) >> 1] as PendingEvent
      if (isBefore(parent, event)) break
      heap[index] = parent
    }
    heap[index] = event
  }

  #pop(): PendingEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as PendingEvent, heap[child] as PendingEvent))
        child++
      if (isBefore(last, heap[child] as PendingEvent)) break
      heap[index] = heap[child] as PendingEvent
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(a: PendingEvent, b: PendingEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
