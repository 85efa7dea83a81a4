import { type AmqpChannel, type AmqpMessage, closeQuietly } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { AmqpTags } from './amqp-tags.ts'

/** What a session tells its consumer. */
export interface SessionEvents {
  readonly onMessage: (message: AmqpMessage) => void
  /** The channel is closed, or the server has ended the consumer: its tags mean nothing any more. */
  readonly onEnd: (reason: Error | undefined) => void
}

/**
 * The deliveries of one channel, from its opening to its end. Tags belong to it: none is ever acknowledged on another one
 * (client-libraries 4.4).
 */
export class AmqpSession {
  readonly #connection: AmqpConnection
  readonly #queue: string
  readonly #channel: AmqpChannel
  readonly #events: SessionEvents
  readonly #tags = new AmqpTags()
  readonly #consumerTags: string[] = []
  #credit = 0
  #isOpen = true
  #turn: Promise<void> = Promise.resolve()

  private constructor(
    connection: AmqpConnection,
    queue: string,
    channel: AmqpChannel,
    events: SessionEvents,
  ) {
    this.#connection = connection
    this.#queue = queue
    this.#channel = channel
    this.#events = events
  }

  /** @throws as `AmqpConnection.channel` */
  static async open(connection: AmqpConnection, queue: string, events: SessionEvents): Promise<AmqpSession> {
    let session: AmqpSession | undefined
    let hasEnded = false
    const channel = await connection.channel('plain', (reason) => {
      hasEnded = true
      session?.end(reason)
    })
    session = new AmqpSession(connection, queue, channel, events)
    if (hasEnded) session.#isOpen = false
    // Before the library's own listener, which throws for what still comes after a consumer was cancelled.
    channel.prependListener('delivery', (message: AmqpMessage) => session.#received(message))
    return session
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** How many unsettled deliveries the server may send. */
  get credit(): number {
    return this.#credit
  }

  /**
   * Raises the credit: by one more consumer, since a consumer keeps the credit with which it began, and one that is cancelled
   * leaves what was on its way to it where nobody gets it until the channel is closed.
   * @throws as the server refuses
   */
  raise(credit: number): Promise<void> {
    return this.#inTurn(async () => {
      const more = credit - this.#credit
      if (more <= 0 || !this.#isOpen) return
      await this.#connection.answered(this.#channel.prefetch(more), 'limit a consumer')
      const onCancel = (message: AmqpMessage | null): void => {
        if (message === null) this.#cancelled()
      }
      const consuming = this.#channel.consume(this.#queue, onCancel, { noAck: false })
      const { consumerTag } = await this.#connection.answered(consuming, 'consume')
      this.#consumerTags.push(consumerTag)
      this.#credit = credit
    })
  }

  /** Resolves when everything that was sent until now has arrived. */
  async sync(): Promise<void> {
    await this.#inTurn(async () => {
      // The channel answers in order.
      if (this.#credit > 0) await this.#answer()
    })
  }

  /** The server sends nothing more; what it sent stays, and has arrived. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#credit === 0) return
      await this.#answer()
      for (const tag of this.#consumerTags.splice(0)) {
        await this.#connection.answered(this.#channel.cancel(tag), 'cancel a consumer')
      }
      await this.#answer()
      this.#credit = 0
    })
  }

  /** Acknowledges, each message once. Answers whether the channel could take it. */
  ack(messages: readonly AmqpMessage[]): boolean {
    if (!this.#isOpen) return false
    const { upTo, single } = this.#tags.settle(messages.map(({ fields }) => fields.deliveryTag))
    try {
      if (upTo !== undefined) this.#channel.ack({ fields: { deliveryTag: upTo } }, true)
      for (const deliveryTag of single) this.#channel.ack({ fields: { deliveryTag } }, false)
      return true
    } catch {
      // The library throws when the channel is closed; its end has been told, or will be.
      return false
    }
  }

  /** Closes the channel: what is not settled returns to the queue. */
  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#connection.ended(this.#channel.close())
  }

  /** Only for the channel: it is closed. */
  end(reason: Error | undefined): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#events.onEnd(reason)
  }

  #received(message: AmqpMessage): void {
    if (!this.#isOpen) return
    this.#tags.receive(message.fields.deliveryTag)
    this.#events.onMessage(message)
  }

  #cancelled(): void {
    if (!this.#isOpen) return
    this.end(
      new Error(
        `the server has cancelled the consumer of ${this.#queue}: the queue was deleted or has moved`,
      ),
    )
    closeQuietly(this.#channel)
  }

  /** Asks for what is so already. */
  async #answer(): Promise<void> {
    await this.#connection.answered(this.#channel.prefetch(this.#credit), 'answer')
  }

  /** One conversation at a time: a credit is never set for the consumer of another. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const before = this.#turn
    let done: () => void = () => {}
    this.#turn = new Promise((resolve) => (done = resolve))
    await before
    try {
      await work()
    } finally {
      done()
    }
  }
}
