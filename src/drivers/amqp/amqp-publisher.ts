import { isMachineryError, MachineryError } from '../../core/errors.ts'
import type { Outgoing, PublishOutcome } from '../../core/ports/broker.ts'
import type { AmqpPublishOptions, AmqpTable } from './amqp-client.ts'
import { MAX_BODY_BYTES } from './amqp-capabilities.ts'
import type { AmqpDelays } from './amqp-delays.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { amqpError, blockedError } from './amqp-errors.ts'
import { countHeaders, dueHeaders } from './amqp-headers.ts'
import { matchesTopic, queueNameError } from './amqp-names.ts'
import type { AmqpSettings } from './amqp-options.ts'
import type { AmqpSender, Parcel, SendResult } from './amqp-sender.ts'
import type { AmqpTopology } from './amqp-topology.ts'

/** A message that was received and goes back, as it is. */
export interface Returning {
  readonly queue: string
  readonly body: Uint8Array
  readonly delayMs: number
  readonly priority: number
  readonly messageId: string
  /** What the next hand-over counts as those before it. */
  readonly deliveryCount: number
}

/** What the publisher works with. */
export interface PublisherPlace {
  readonly sender: AmqpSender
  readonly topology: AmqpTopology
  readonly delays: AmqpDelays
  readonly settings: AmqpSettings
  readonly connection: AmqpConnection
}

const STORED: PublishOutcome = { outcome: 'stored' }
const HIGHEST_PRIORITY = 255
/** In characters, each of at most 3 bytes: what the protocol takes. */
const LONGEST_ID = 85

/** Properties as Go sets them, and the message's id. */
export function publishOptions(messageId: string, priority: number, headers: AmqpTable): AmqpPublishOptions {
  const level = Math.min(Math.max(Math.floor(priority), 0), HIGHEST_PRIORITY)
  return {
    persistent: true,
    mandatory: true,
    contentType: 'application/json',
    headers,
    messageId: messageId === '' ? undefined : messageId.slice(0, LONGEST_ID),
    priority: level > 0 ? level : undefined,
  }
}

/** Sends, and once more what has no queue any more, when that is declared again. */
export async function sendToQueues<T>(
  items: readonly T[],
  send: (items: readonly T[]) => Promise<readonly SendResult[]>,
  declare: (items: readonly T[]) => Promise<void>,
): Promise<readonly SendResult[]> {
  const results = [...(await send(items))]
  const open = [...results.keys()].filter((index) => results[index]?.kind === 'unroutable')
  if (open.length === 0) return results
  const left = open.map((index) => items[index] as T)
  await declare(left)
  const again = await send(left)
  open.forEach((index, position) => (results[index] = again[position] as SendResult))
  return results
}

/** Publishes messages: to the exchange with the queue's name as key, or through the queues of delayed messages. */
export class AmqpPublisher {
  readonly #place: PublisherPlace

  constructor(place: PublisherPlace) {
    this.#place = place
  }

  /** Answers in order; never rejects for one message. */
  async publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> {
    const outcomes: PublishOutcome[] = batch.map((message) => {
      const error = this.#refusal(message)
      return error === undefined ? STORED : { outcome: 'refused', error }
    })
    let open = [...batch.keys()].filter((index) => outcomes[index] === STORED)
    // What comes back has no queue: the second time it is declared, whatever was known of it.
    for (const isLast of [false, true]) {
      open = await this.#prepared(batch, open, outcomes, isLast)
      if (open.length === 0) break
      const results = await this.#place.sender.send(
        open.map((index) => this.#parcel(batch[index] as Outgoing)),
      )
      const unroutable = open.filter((index, position) => {
        const result = results[position] as SendResult
        outcomes[index] = this.#outcome(result, batch[index] as Outgoing)
        return result.kind === 'unroutable'
      })
      open = unroutable
      if (open.length > 0 && !isLast) this.#place.topology.forget()
    }
    return outcomes
  }

  /** Puts copies of received messages straight into their queues. @throws what keeps a queue from being declared */
  putBack(messages: readonly Returning[]): Promise<readonly SendResult[]> {
    const { delays, topology } = this.#place
    return sendToQueues(
      messages,
      async (some) => {
        const delayed = new Set(some.filter(({ delayMs }) => delayMs > 0).map(({ queue }) => queue))
        for (const queue of delayed) {
          await topology.queue(queue)
          await delays.forPublish(queue)
        }
        return this.send(some.map((message) => this.#returning(message)))
      },
      async (some) => {
        topology.forget()
        for (const queue of new Set(some.map((message) => message.queue))) {
          await topology.queue(queue)
          await delays.rebind(queue)
        }
      },
    )
  }

  /** Sends parcels as they are, and answers in order. */
  send(parcels: readonly Parcel[]): Promise<readonly SendResult[]> {
    return this.#place.sender.send(parcels)
  }

  /** Those of `open` that can be sent; the others get their outcome. */
  async #prepared(
    batch: readonly Outgoing[],
    open: readonly number[],
    outcomes: PublishOutcome[],
    isLast: boolean,
  ): Promise<number[]> {
    const { topology } = this.#place
    const failed = new Map<string, PublishOutcome>()
    const isKnown = (message: Outgoing): boolean =>
      !isLast && !(message.delayMs > 0) && topology.isReady(message.queue)
    const unknown = open.map((index) => batch[index] as Outgoing).filter((message) => !isKnown(message))
    const keyOf = ({ queue, delayMs }: Outgoing): string => `${delayMs > 0 ? 'd' : 'q'}${queue}`
    const needs = new Map(unknown.map((message) => [keyOf(message), message]))
    for (const [key, message] of needs) {
      try {
        await this.#prepareInTime(message, isLast)
      } catch (error) {
        failed.set(key, { outcome: 'refused', error: amqpError(error, this.#place.connection.name) })
      }
    }
    return open.filter((index) => {
      const failure = failed.get(keyOf(batch[index] as Outgoing))
      if (failure !== undefined) outcomes[index] = failure
      return failure === undefined
    })
  }

  /** A connection that is lost meanwhile may come back in time. */
  async #prepareInTime(message: Outgoing, isLast: boolean): Promise<void> {
    const { connection, settings } = this.#place
    const deadline = settings.clock.monotonic() + settings.publishTimeoutMs
    for (;;) {
      await connection.ready(Math.max(deadline - settings.clock.monotonic(), 1))
      try {
        return await this.#prepare(message, isLast)
      } catch (error) {
        const { name, blockedBy } = connection
        if (blockedBy !== undefined) throw blockedError(name, settings.publishTimeoutMs, blockedBy)
        const isOver = settings.clock.monotonic() >= deadline || connection.isOpen
        if (isOver || !isMachineryError(error, 'ERR_CONNECTION_LOST')) throw error
      }
    }
  }

  async #prepare({ queue, delayMs }: Outgoing, isLast: boolean): Promise<void> {
    const { topology, delays } = this.#place
    await (isLast ? topology.queue(queue) : topology.forPublish(queue))
    if (isLast) await delays.rebind(queue)
    if (!(delayMs > 0)) return
    // Nobody would see it come back when it is due.
    if (!this.#isRoutable(queue)) await topology.queue(queue)
    await delays.forPublish(queue)
  }

  #isRoutable(queue: string): boolean {
    const { exchangeType, bindingKey, defaultQueue } = this.#place.settings
    return exchangeType === 'direct' || queue === defaultQueue || matchesTopic(bindingKey, queue)
  }

  #parcel({ queue, body, delayMs, priority, uuid }: Outgoing): Parcel {
    if (delayMs > 0) {
      return this.#returning({ queue, body, delayMs, priority, messageId: uuid, deliveryCount: 0 })
    }
    return {
      exchange: this.#place.settings.exchange,
      key: queue,
      body,
      options: publishOptions(uuid, priority, {}),
    }
  }

  #returning({ queue, body, delayMs, priority, messageId, deliveryCount }: Returning): Parcel {
    if (!(delayMs > 0)) {
      const options = publishOptions(messageId, priority, countHeaders(deliveryCount))
      return { exchange: '', key: queue, body, options }
    }
    const { settings, delays } = this.#place
    const { exchange, key, headers, expiration } = delays.route(queue, delayMs)
    const due = Math.ceil(settings.clock.now() + delayMs)
    const options = publishOptions(messageId, priority, { ...dueHeaders(deliveryCount, due), ...headers })
    return { exchange, key, body, options: expiration === undefined ? options : { ...options, expiration } }
  }

  #refusal({ queue, body, uuid }: Outgoing): MachineryError | undefined {
    // A queue that is ready was looked at before.
    const { topology, settings } = this.#place
    const nameError = topology.isReady(queue) ? undefined : queueNameError(queue, settings.exchangeType)
    if (nameError !== undefined) return nameError
    if (body.byteLength > MAX_BODY_BYTES) {
      const text = `message ${uuid} has ${body.byteLength} bytes; amqp takes at most ${MAX_BODY_BYTES}`
      return new MachineryError('ERR_MESSAGE_TOO_LARGE', text, { details: { uuid, bytes: body.byteLength } })
    }
    if (body.byteLength === 0) {
      const text = `message ${uuid} is empty; Go's workers throw away all they hold when they receive one`
      return new MachineryError('ERR_OPTION_INVALID', text, { details: { uuid } })
    }
    return undefined
  }

  #outcome(result: SendResult, { queue, uuid }: Outgoing): PublishOutcome {
    if (result.kind === 'stored') return STORED
    if (result.kind !== 'unroutable') return { outcome: result.kind, error: result.error }
    const text = `no queue of ${this.#place.connection.name} is bound for ${JSON.stringify(queue)}: message ${uuid} is not stored`
    const error = new MachineryError('ERR_PUBLISH_REFUSED', text, { details: { queue, uuid } })
    return { outcome: 'refused', error }
  }
}
