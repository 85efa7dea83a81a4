import type { Clock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { Outgoing, PublishOutcome } from '../../core/ports/broker.ts'
import type { MemoryConsumer } from './memory-consumer.ts'
import { MemoryDelays } from './memory-delays.ts'
import type { Entry } from './memory-line.ts'
import { MemoryQueue } from './memory-queue.ts'

/** Largest body taken: a limit against mistakes; the limit of the product is lower. */
export const MAX_BODY_BYTES = 536_870_912

const STORED: PublishOutcome = Object.freeze({ outcome: 'stored' })

/** A message in the hands of a consumer. */
export interface Held {
  readonly entry: Entry
  readonly consumer: MemoryConsumer
}

/** The messages of one store, shared by all brokers opened on it. All of it is synchronous: each call is one transaction. */
export class MemoryMessages {
  readonly clock: Clock
  readonly delays: MemoryDelays
  readonly queues: Map<string, MemoryQueue> = new Map()
  /** By delivery id. */
  readonly held: Map<string, Held> = new Map()
  readonly #maxQueueLength: number
  readonly #idPrefix: string
  #ids = 0

  constructor(clock: Clock, maxQueueLength: number) {
    this.clock = clock
    this.#maxQueueLength = maxQueueLength
    // A delivery id is also the token of a commit, which may outlive this store in a durable backend.
    this.#idPrefix = `${clock.random().toString(36).slice(2, 10)}-${clock.now().toString(36)}-`
    this.delays = new MemoryDelays(clock, () => this.promote())
  }

  newId(): string {
    return this.#idPrefix + String(++this.#ids)
  }

  queue(name: string): MemoryQueue {
    let queue = this.queues.get(name)
    if (queue === undefined) {
      queue = new MemoryQueue(name)
      this.queues.set(name, queue)
    }
    return queue
  }

  publish(batch: readonly Outgoing[]): readonly PublishOutcome[] {
    const outcomes: PublishOutcome[] = []
    const touched: MemoryQueue[] = []
    for (const message of batch) {
      const error = this.refusal(message, 0)
      if (error !== undefined) {
        outcomes.push({ outcome: 'refused', error })
        continue
      }
      const queue = this.accept(message)
      if (queue !== touched.at(-1)) touched.push(queue)
      outcomes.push(STORED)
    }
    for (const queue of touched) queue.wake()
    return outcomes
  }

  /** Why `message` cannot be taken, if `more` others go to its queue before it. */
  refusal(message: Outgoing, more: number): MachineryError | undefined {
    const { queue: name, body, delayMs } = message
    if (name === '')
      return new MachineryError('ERR_OPTION_INVALID', 'queue is empty; a message needs the name of a queue')
    if (body.length > MAX_BODY_BYTES) {
      const text = `message of ${body.length} bytes for queue ${JSON.stringify(name)} is above the limit of ${MAX_BODY_BYTES}`
      return new MachineryError('ERR_MESSAGE_TOO_LARGE', text, {
        details: { queue: name, bytes: body.length },
      })
    }
    if (!(delayMs >= 0)) {
      return new MachineryError('ERR_OPTION_INVALID', `delayMs is ${delayMs}; it must be 0 or more`)
    }
    if (this.#maxQueueLength === Infinity) return undefined
    const queue = this.queues.get(name)
    const waiting = more + (queue === undefined ? 0 : queue.pending + queue.delayed)
    if (waiting < this.#maxQueueLength) return undefined
    const text = `queue ${JSON.stringify(name)} holds ${waiting} messages, maxQueueLength is ${this.#maxQueueLength}`
    return new MachineryError('ERR_QUEUE_FULL', text, {
      details: { queue: name, limit: this.#maxQueueLength },
    })
  }

  /** Takes a message that is not refused. The caller wakes the queue it answers. */
  accept(message: Outgoing): MemoryQueue {
    const queue = this.queue(message.queue)
    queue.used = true
    const entry: Entry = {
      queue,
      body: message.body,
      priority: message.priority,
      publishedAt: this.clock.now(),
      deliveryCount: 0,
      place: 0,
    }
    if (message.delayMs > 0) this.delays.add(entry, message.delayMs)
    else queue.join(entry)
    return queue
  }

  /** Moves what is due to the end of its line. */
  promote(): void {
    for (let entry = this.delays.takeDue(); entry !== undefined; entry = this.delays.takeDue()) {
      entry.queue.join(entry)
      entry.queue.wake()
    }
  }

  /** Ends a hand-over; undefined if `id` is not in the hands of `consumer`, or of anybody if none is given. */
  letGo(id: string, consumer?: MemoryConsumer): Entry | undefined {
    const held = this.held.get(id)
    if (held === undefined || (consumer !== undefined && held.consumer !== consumer)) return undefined
    this.held.delete(id)
    held.consumer.unsettled--
    held.entry.queue.inFlight--
    return held.entry
  }

  /** Puts messages back where they were in line, and wakes their queues. */
  giveBack(entries: readonly Entry[], counted: boolean): void {
    // The last in line first, so that each of the others goes to the front.
    for (const entry of entries.toSorted((a, b) => b.place - a.place)) {
      if (counted) entry.deliveryCount++
      entry.queue.putBack(entry)
    }
    for (const queue of new Set(entries.map((entry) => entry.queue))) queue.wake()
  }
}
