import type { Timer } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { AmqpMessage } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import type { AmqpDelays } from './amqp-delays.ts'
import type { AmqpSettings } from './amqp-options.ts'
import { AmqpSession } from './amqp-session.ts'
import type { AmqpTopology } from './amqp-topology.ts'

/** What a subscription works with. */
export interface SubscriptionPlace {
  readonly queue: string
  readonly connection: AmqpConnection
  readonly topology: AmqpTopology
  readonly delays: AmqpDelays
  readonly settings: AmqpSettings
  /** Never used before, and never again. */
  readonly name: string
}

/** What a subscription tells its consumer. */
export interface SubscriptionEvents {
  /** @param id names the delivery, unique in the broker */
  readonly onMessage: (session: AmqpSession, id: string, message: AmqpMessage) => void
  /** The channel is gone, and with it what came over it. */
  readonly onLost: (session: AmqpSession) => void
  /** Whether deliveries that came over this channel are not settled yet. */
  readonly isInUse: (session: AmqpSession) => boolean
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/**
 * The channels over which one queue is consumed: one, and those that it had before with more credit, until their last delivery is
 * settled. A channel that is lost is opened again, whatever it takes.
 */
export class AmqpSubscription {
  readonly #place: SubscriptionPlace
  readonly #events: SubscriptionEvents
  readonly #retiring = new Set<AmqpSession>()
  #session: AmqpSession | undefined
  #generation = 0
  #credit = 0
  #pause: Timer | undefined
  #isClosed = false

  constructor(place: SubscriptionPlace, events: SubscriptionEvents) {
    this.#place = place
    this.#events = events
  }

  /** The first channel. @throws what keeps the queue from being declared, or the channel from being opened */
  async open(): Promise<void> {
    // Nothing else would tell now that the queue is not there.
    if (this.#place.settings.topology === 'none') this.#credit = 1
    try {
      await this.#open()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** How many unsettled deliveries the server may send. */
  get credit(): number {
    return this.#credit
  }

  /** Whether there is a channel still that had more credit. */
  get hasRetired(): boolean {
    return this.#retiring.size > 0
  }

  /** Whether what came over this channel counts against the credit. */
  isCurrent(session: AmqpSession): boolean {
    return this.#session === session
  }

  /** All channels that are open. */
  get sessions(): readonly AmqpSession[] {
    return [...this.#retiring, ...(this.#session === undefined ? [] : [this.#session])]
  }

  /** Answers whether that was a raise. Each takes a consumer more, so it is by a quarter at least. */
  raise(wanted: number, most: number): boolean {
    if (wanted <= this.#credit || this.#credit >= most) return false
    this.#credit = Math.min(Math.max(wanted, Math.ceil(this.#credit * 1.25)), most)
    if (this.#session !== undefined) this.#raise(this.#session)
    return true
  }

  /** Goes on with less credit, over another channel. */
  lower(credit: number): void {
    const session = this.#session
    this.#credit = credit
    if (session === undefined) return
    this.#session = undefined
    this.#retiring.add(session)
    this.#reopen(0)
    const retire = (): void => this.closeRetired()
    session.stop().then(retire, retire)
  }

  /** Closes the channels whose last delivery is settled. */
  closeRetired(): void {
    for (const session of this.#retiring) {
      if (this.#events.isInUse(session) || session.credit > 0) continue
      this.#retiring.delete(session)
      void session.close()
    }
  }

  /** Resolves when what the server sent until now has arrived. @throws `ERR_CONNECTION_LOST` when there is no channel */
  async sync(): Promise<void> {
    if (this.#session === undefined) throw this.#noChannelError()
    await this.#session.sync()
  }

  /** The server sends nothing more; what it sent stays. No channel is opened any more. */
  async stop(): Promise<void> {
    this.#isClosed = true
    this.#pause?.cancel()
    await Promise.all(this.sessions.map((session) => session.stop()))
  }

  /** Closes all channels: what is not settled returns to the queue. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#pause?.cancel()
    const { sessions } = this
    this.#session = undefined
    this.#retiring.clear()
    await Promise.all(sessions.map((session) => session.close()))
  }

  async #open(): Promise<void> {
    const { connection, topology, delays, queue, name } = this.#place
    await topology.queue(queue)
    // A queue that was deleted has lost its way from the delayed messages that wait for it.
    await delays.rebind(queue)
    const prefix = `${name}.${this.#generation++}`
    const session: AmqpSession = await AmqpSession.open(connection, queue, {
      onMessage: (message) =>
        this.#events.onMessage(session, `${prefix}.${message.fields.deliveryTag}`, message),
      onEnd: (reason) => this.#ended(session, reason),
    })
    try {
      if (this.#credit > 0) await session.raise(this.#credit)
      if (!session.isOpen) throw this.#noChannelError()
    } catch (error) {
      // What has arrived over it returns to the queue.
      this.#events.onLost(session)
      await session.close()
      throw error
    }
    if (this.#isClosed) return session.close()
    this.#session = session
    if (this.#credit > session.credit) this.#raise(session)
    else if (this.#credit < session.credit) this.lower(this.#credit)
  }

  #raise(session: AmqpSession): void {
    session.raise(this.#credit).catch((error: unknown) => {
      if (!session.isOpen) return
      this.#warn(error, 'a consumer could not be started')
      void session.close().then(() => this.#ended(session, undefined))
    })
  }

  #ended(session: AmqpSession, reason: Error | undefined): void {
    const isCurrent = this.#session === session
    if (!isCurrent && !this.#retiring.delete(session)) return
    this.#warn(reason, 'a consumer has lost its channel')
    this.#events.onLost(session)
    if (!isCurrent) return
    this.#session = undefined
    this.#place.topology.forgetQueue(this.#place.queue)
    this.#reopen(0)
  }

  #reopen(failures: number): void {
    if (this.#isClosed) return
    this.#open().catch((error: unknown) => {
      if (this.#isClosed || this.#session !== undefined) return
      const { clock } = this.#place.settings
      const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10))
      this.#warn(error, 'a consumer could not be opened again; trying again')
      const pauseMs = full / 2 + (clock.random() * full) / 2
      this.#pause = clock.setTimer(() => this.#reopen(failures + 1), pauseMs, true)
    })
  }

  #warn(error: unknown, message: string): void {
    this.#place.settings.logger.warn({ error, queue: this.#place.queue }, message)
  }

  #noChannelError(): MachineryError {
    const { queue, connection } = this.#place
    return new MachineryError(
      'ERR_CONNECTION_LOST',
      `the consumer of ${queue} has no channel to ${connection.name}`,
    )
  }
}
