import { MachineryError } from '../../core/errors.ts'
import { sleep } from '../../core/clock.ts'
import type { AmqpChannel, AmqpMessage, AmqpTable } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { isLocked } from './amqp-errors.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** Where one record is: the last message of a queue. */
export interface RecordPlace {
  readonly queue: string
  readonly arguments: AmqpTable
  readonly autoDelete: boolean
  /** Bound to the exchange by its name, so that Go's workers can write there too. */
  readonly isBound: boolean
}

/** What becomes of a record: written, removed, or left as it is. */
export type RecordChange<T> =
  | { readonly answer: T; readonly change: 'none' | 'remove' }
  | { readonly answer: T; readonly change: 'write'; readonly body: Buffer; readonly keepMs: number }

const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100
const LONGEST_KEEP_MS = 4_294_967_295
const MOST_AT_ONCE = 16

/**
 * Records in queues: read by taking all messages and giving them back, written by adding one and removing those before it.
 * Meanwhile nobody else may see the queue empty: each record has a lock, an exclusive queue that ends with its connection.
 * Everything of one change goes over that connection: who has lost the lock cannot write any more.
 */
export class AmqpRecords {
  readonly #connection: AmqpConnection
  readonly #settings: AmqpSettings
  readonly #turns = new Map<string, Promise<unknown>>()
  #free = MOST_AT_ONCE
  #waiting: (() => void)[] = []

  constructor(connection: AmqpConnection, settings: AmqpSettings) {
    this.#connection = connection
    this.#settings = settings
  }

  /**
   * Decides for each item on the record as it is by then, undefined where there is none, and changes it, atomically among
   * TypeScript processes. Items of one record share a change.
   * @throws `ERR_STORE_BUSY` when another process keeps the lock; as the connection does
   */
  async changeEach<W, T>(
    batch: readonly W[],
    placeOf: (item: W) => RecordPlace,
    decide: (item: W, stored: Buffer | undefined) => RecordChange<T>,
  ): Promise<readonly T[]> {
    const places = new Map<string, { readonly place: RecordPlace; readonly indexes: number[] }>()
    for (const [index, item] of batch.entries()) {
      const place = placeOf(item)
      const known = places.get(place.queue)
      if (known === undefined) places.set(place.queue, { place, indexes: [index] })
      else known.indexes.push(index)
    }
    const answers: T[] = Array.from({ length: batch.length })
    await Promise.all(
      [...places.values()].map(({ place, indexes }) =>
        this.#inTurn(place, (stored) => {
          let record = stored
          let last: RecordChange<undefined> = { answer: undefined, change: 'none' }
          for (const index of indexes) {
            const decision = decide(batch[index] as W, record)
            answers[index] = decision.answer
            if (decision.change === 'none') continue
            last = { ...decision, answer: undefined }
            record = decision.change === 'write' ? decision.body : undefined
          }
          return last
        }),
      ),
    )
    return answers
  }

  /** Resolves when no change is under way; each is bounded by the timeouts of the connection. */
  async idle(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns.values())
  }

  #inTurn<T>(place: RecordPlace, decide: (stored: Buffer | undefined) => RecordChange<T>): Promise<T> {
    const before = this.#turns.get(place.queue) ?? Promise.resolve()
    const result = before.then(() => this.#inSlot(() => this.#change(place, decide)))
    const turn = result
      .catch(() => {})
      .then(() => {
        if (this.#turns.get(place.queue) === turn) this.#turns.delete(place.queue)
      })
    this.#turns.set(place.queue, turn)
    return result
  }

  async #change<T>(place: RecordPlace, decide: (stored: Buffer | undefined) => RecordChange<T>): Promise<T> {
    const { queue } = place
    const lock = `mq.lock.${queue}`
    const channel = await this.#lock(lock)
    try {
      const { exchange } = this.#settings
      const declare = { durable: false, autoDelete: place.autoDelete, arguments: place.arguments }
      await this.#answered(channel.assertQueue(queue, declare))
      if (place.isBound) {
        await this.#answered(channel.assertExchange(exchange, this.#settings.exchangeType, { durable: true }))
        await this.#answered(channel.bindQueue(queue, exchange, queue))
      }
      const messages = await this.#all(channel, queue)
      const result = decide(messages.at(-1)?.content)
      if (result.change === 'none') return result.answer
      if (result.change === 'write') await this.#publish(channel, queue, result.body, result.keepMs)
      const last = messages.at(-1)
      if (last !== undefined) channel.ack(last, true)
      if (result.change === 'remove') await this.#answered(channel.deleteQueue(queue))
      return result.answer
    } finally {
      // What was only looked at returns before the lock does.
      const unlocked = this.#connection.ended(channel.close()).then(() => this.#unlock(lock))
      await this.#answered(unlocked).catch(() => {})
    }
  }

  async #lock(lock: string): Promise<AmqpChannel> {
    const { clock, operationTimeoutMs } = this.#settings
    const deadline = clock.monotonic() + operationTimeoutMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const channel = await this.#connection.channel('confirm', () => {})
      try {
        await this.#answered(channel.assertQueue(lock, { durable: false, exclusive: true }))
        return channel
      } catch (error) {
        if (!isLocked(error)) throw error
        if (clock.monotonic() > deadline) {
          const text = `another process keeps ${lock} locked for ${operationTimeoutMs} ms`
          throw new MachineryError('ERR_STORE_BUSY', text, { cause: error })
        }
      }
      await sleep(clock, pauseMs * (0.5 + clock.random() / 2))
    }
  }

  async #unlock(lock: string): Promise<void> {
    const channel = await this.#connection.channel('plain', () => {})
    await this.#answered(channel.deleteQueue(lock))
    await channel.close()
  }

  async #all(channel: AmqpChannel, queue: string): Promise<readonly AmqpMessage[]> {
    const messages: AmqpMessage[] = []
    for (;;) {
      const message = await this.#answered(channel.get(queue, { noAck: false }))
      if (message === false) return messages
      messages.push(message)
    }
  }

  async #publish(channel: AmqpChannel, queue: string, body: Buffer, keepMs: number): Promise<void> {
    const options = {
      persistent: true,
      contentType: 'application/json',
      expiration: String(Math.min(Math.ceil(keepMs), LONGEST_KEEP_MS)),
    }
    const publishing = new Promise<void>((resolve, reject) => {
      channel.publish('', queue, body, options, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(error instanceof Error ? error : new Error('the server did not take it'))
      })
    })
    await this.#answered(publishing)
  }

  #answered<T>(promise: Promise<T>): Promise<T> {
    return this.#connection.answered(promise, 'answer about a record')
  }

  async #inSlot<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
