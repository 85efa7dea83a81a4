import { type AmqpChannel, closeQuietly } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { isNotFound } from './amqp-errors.ts'

/** What the server says of one queue. */
export interface QueueCounts {
  /** Waiting, not sent to any consumer. */
  readonly ready: number
  readonly consumers: number
}

/**
 * A channel for declarations and questions, one after the other: a refusal closes a channel of the protocol, with all that
 * still waits on it. So nothing else uses this one, and it is opened again as often as it takes.
 */
export class AmqpAdmin {
  readonly connection: AmqpConnection
  #opening: Promise<AmqpChannel> | undefined
  #channel: AmqpChannel | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(connection: AmqpConnection) {
    this.connection = connection
  }

  /** @throws a `MachineryError`, see `amqpError` */
  async run<T>(what: string, work: (channel: AmqpChannel) => Promise<T>): Promise<T> {
    let channel: AmqpChannel | undefined
    let isOver = false
    const doing = this.#turn.then(async () => {
      channel = await this.#open()
      if (isOver) throw new Error(`${what} came too late`)
      return work(channel)
    })
    const answer = this.connection.answered(doing, what)
    this.#turn = answer.catch(() => {})
    try {
      return await answer
    } catch (error) {
      // A refusal has closed it; after a deadline its next answer would be that of another question.
      if (channel !== undefined) this.#drop(channel)
      throw error
    } finally {
      isOver = true
    }
  }

  /** Undefined when the queue is not there. */
  async counts(queue: string): Promise<QueueCounts | undefined> {
    try {
      const facts = await this.run('look at a queue', (channel) => channel.checkQueue(queue))
      return { ready: facts.messageCount, consumers: facts.consumerCount }
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async hasExchange(exchange: string): Promise<boolean> {
    try {
      await this.run('look at an exchange', (channel) => channel.checkExchange(exchange))
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  close(): void {
    if (this.#channel !== undefined) this.#drop(this.#channel)
  }

  #open(): Promise<AmqpChannel> {
    if (this.#opening !== undefined) return this.#opening
    const opening = this.connection.channel('plain', () => {
      if (this.#opening === opening) this.#opening = undefined
    })
    this.#opening = opening
    opening.then(
      (channel) => (this.#channel = channel),
      () => {
        if (this.#opening === opening) this.#opening = undefined
      },
    )
    return opening
  }

  #drop(channel: AmqpChannel): void {
    if (this.#channel === channel) {
      this.#channel = undefined
      this.#opening = undefined
    }
    closeQuietly(channel)
  }
}
