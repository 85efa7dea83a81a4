import type { Settlement } from '../../core/ports/broker.ts'
import type { Clock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { AmqpMessage } from './amqp-client.ts'
import { deadHeaders } from './amqp-headers.ts'
import { deadQueueOf } from './amqp-names.ts'
import { type AmqpPublisher, publishOptions, type Returning, sendToQueues } from './amqp-publisher.ts'
import type { Parcel, SendResult } from './amqp-sender.ts'
import type { AmqpSession } from './amqp-session.ts'
import type { AmqpTopology } from './amqp-topology.ts'

/** A delivery that is not settled. */
export interface HeldDelivery {
  readonly id: string
  readonly queue: string
  readonly session: AmqpSession
  readonly message: AmqpMessage
  readonly deliveryCount: number
  /** Its copy is stored; it only has to be acknowledged. */
  isCopied: boolean
}

/** Copies deliveries to where they go next. A copy is confirmed before its delivery is acknowledged: nothing is ever in neither place. */
export class AmqpReturns {
  readonly #publisher: AmqpPublisher
  readonly #topology: AmqpTopology
  readonly #clock: Clock

  constructor(publisher: AmqpPublisher, topology: AmqpTopology, clock: Clock) {
    this.#publisher = publisher
    this.#topology = topology
    this.#clock = clock
  }

  /** What settlements need before they can be acknowledged. @throws what kept a copy from being stored; doing it again is safe */
  async copy(
    items: readonly { readonly held: HeldDelivery; readonly settlement: Settlement }[],
  ): Promise<void> {
    const releases = items.flatMap(({ held, settlement }) =>
      settlement.kind === 'release' && !held.isCopied ? [{ held, settlement }] : [],
    )
    const dead = items.flatMap(({ held, settlement }) =>
      settlement.kind === 'deadLetter' && !held.isCopied ? [{ held, reason: settlement.reason }] : [],
    )
    const messages = releases.map(({ held, settlement: { delayMs, counted } }) => ({
      held,
      item: returning(held, delayMs, counted ? 1 : 0),
    }))
    await this.#store(messages, (some) => this.#publisher.putBack(some))
    const queues = new Set(dead.map(({ held }) => held.queue))
    const declare = async (): Promise<void> => {
      for (const queue of queues) await this.#topology.deadQueue(queue)
    }
    await declare()
    const parcels = dead.map(({ held, reason }) => ({ held, item: this.#deadParcel(held, reason) }))
    await this.#store(parcels, (some) =>
      sendToQueues(
        some,
        (left) => this.#publisher.send(left),
        async () => {
          this.#topology.forget()
          await declare()
        },
      ),
    )
  }

  /** Copies deliveries to the ends of their queues, with the count that they have. @throws as `copy` */
  async putBack(deliveries: readonly HeldDelivery[], delayMs: number = 0): Promise<void> {
    const messages = deliveries
      .filter(({ isCopied }) => !isCopied)
      .map((held) => ({ held, item: returning(held, delayMs, 0) }))
    await this.#store(messages, (some) => this.#publisher.putBack(some))
  }

  async #store<T>(
    all: readonly Copy<T>[],
    send: (items: readonly T[]) => Promise<readonly SendResult[]>,
  ): Promise<void> {
    if (all.length === 0) return
    const failure = mark(all, await send(all.map(({ item }) => item)))
    if (failure === undefined) return
    if (failure.kind === 'refused' || failure.kind === 'uncertain') throw failure.error
    throw new MachineryError('ERR_PUBLISH_REFUSED', `the queue of ${all.length} deliveries is gone`)
  }

  #deadParcel(held: HeldDelivery, reason: string): Parcel {
    const { queue, message, deliveryCount } = held
    const id = Array.from({ length: 2 }, () => Math.floor(this.#clock.random() * 2 ** 52).toString(36)).join(
      '',
    )
    const headers = deadHeaders({ id, reason, deadAt: Math.floor(this.#clock.now()), deliveryCount })
    const options = publishOptions(messageIdOf(message), priorityOf(message), headers)
    return { exchange: '', key: deadQueueOf(queue), body: message.content, options }
  }
}

interface Copy<T> {
  readonly held: HeldDelivery
  readonly item: T
}

/** Answers what kept one of them from being stored. */
function mark(copies: readonly Copy<unknown>[], results: readonly SendResult[]): SendResult | undefined {
  copies.forEach(({ held }, index) => {
    if (results[index]?.kind === 'stored') held.isCopied = true
  })
  return results.find(({ kind }) => kind !== 'stored')
}

function returning(held: HeldDelivery, delayMs: number, more: number): Returning {
  const { queue, message, deliveryCount } = held
  return {
    queue,
    body: message.content,
    delayMs,
    priority: priorityOf(message),
    messageId: messageIdOf(message),
    deliveryCount: deliveryCount + more,
  }
}

export function messageIdOf({ properties }: AmqpMessage): string {
  return typeof properties.messageId === 'string' ? properties.messageId : ''
}

export function priorityOf({ properties }: AmqpMessage): number {
  return typeof properties.priority === 'number' ? properties.priority : 0
}
