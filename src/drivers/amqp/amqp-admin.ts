import type { AmqpChannel } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { isNotFound } from './amqp-errors.ts'

/** What the server says of one queue. */
export interface QueueCounts {
  /** Waiting, not sent to any consumer. */
  readonly ready: number
  readonly consumers: number
}

/**
 * A channel for declarations and questions. A refusal closes a channel of the protocol, so this one is opened again as
 * often as it takes, and nothing else uses it.
 */
export class AmqpAdmin {
  readonly connection: AmqpConnection
  #opening: Promise<AmqpChannel> | undefined
  #channel: AmqpChannel | undefined

  constructor(connection: AmqpConnection) {
    this.connection = connection
  }

  /** @throws a `MachineryError`, see `amqpError` */
  async run<T>(what: string, work: (channel: AmqpChannel) => Promise<T>): Promise<T> {
    const channel = await this.#open()
    try {
      return await this.connection.answered(work(channel), what)
    } catch (error) {
      // A refusal has closed it; after a deadline its next answer would be that of another question.
      this.#drop(channel)
      throw error
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

/** Closes a channel that may be closed already: the library throws then. */
export function closeQuietly(channel: AmqpChannel): void {
  try {
    channel.close().catch(() => {})
  } catch {
    // It is closed.
  }
}
