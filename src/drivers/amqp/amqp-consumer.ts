import { abortReason } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type {
  ConsumeOptions,
  Consumer,
  Delivery,
  SettleOutcome,
  Settlement,
} from '../../core/ports/broker.ts'
import type { AmqpMessage } from './amqp-client.ts'
import { deliveryCount, dueAt } from './amqp-headers.ts'
import type { AmqpSession } from './amqp-session.ts'
import type { AmqpReturns, HeldDelivery } from './amqp-returns.ts'
import { AmqpSubscription, type SubscriptionPlace } from './amqp-subscription.ts'

/** What a consumer needs of its broker. */
export interface ConsumerPlace extends Omit<SubscriptionPlace, 'queue'> {
  readonly returns: AmqpReturns
  readonly forget: (consumer: AmqpConsumer) => void
}

const FORWARD_AGAIN_MS = 500
const EXPECT_MS = 50
/** A delayed message that comes earlier than this, by the clock of this machine, is held back again. */
const EARLY_MS = 1_000
/** Deliveries that nobody claimed for this long go back, so that others can have them. */
const SURPLUS_MS = 1_000

/**
 * The fetch handle of one queue. The server pushes; its credit follows what was asked for, so that a worker with long tasks does
 * not sit on messages that another one could run.
 */
export class AmqpConsumer implements Consumer {
  readonly queue: string
  readonly #place: ConsumerPlace
  readonly #subscription: AmqpSubscription
  readonly #onLost: (ids: readonly string[]) => void
  readonly #held = new Map<string, HeldDelivery>()
  /** Received and not claimed. */
  #ready: HeldDelivery[] = []
  /** Deliveries that are sent on. */
  readonly #forwarding = new Set<Promise<void>>()
  #maxUnsettled: number
  #claimedAt: number
  /** When the server was last given reason to send something. */
  #activeAt = -Infinity
  #isClaiming = false
  #wasPoked = false
  #isWaking = false
  #wakeClaim: (() => void) | undefined
  #closing: Promise<void> | undefined

  private constructor(queue: string, options: ConsumeOptions, place: ConsumerPlace) {
    this.queue = queue
    this.#place = place
    this.#onLost = options.onLost
    this.#maxUnsettled = options.maxUnsettled
    this.#claimedAt = place.settings.clock.monotonic()
    this.#subscription = new AmqpSubscription(
      { queue, ...place },
      {
        onMessage: (session, id, message) => this.#received(session, id, message),
        onLost: (session) => this.#lose(session),
        isInUse: (session) => this.#deliveries().some((held) => held.session === session),
      },
    )
  }

  /** @throws what keeps the queue from being declared or the channel from being opened */
  static async open(queue: string, options: ConsumeOptions, place: ConsumerPlace): Promise<AmqpConsumer> {
    const consumer = new AmqpConsumer(queue, options, place)
    await consumer.#subscription.open()
    return consumer
  }

  /** Deliveries that wait here for a claim. */
  get ready(): readonly Uint8Array[] {
    return this.#ready.map(({ message }) => message.content)
  }

  get heldCount(): number {
    return this.#held.size
  }

  async claim(want: number, signal?: AbortSignal): Promise<readonly Delivery[]> {
    if (this.#isClaiming) {
      throw new MachineryError('ERR_STATE_CONFLICT', `a claim on ${this.queue} is under way; one at a time`)
    }
    this.#isClaiming = true
    signal?.addEventListener('abort', this.poke)
    try {
      let hasAsked = signal !== undefined
      for (;;) {
        if (this.#closing !== undefined) throw this.#closedError()
        if (signal?.aborted === true) throw abortReason(signal)
        this.#wasPoked = false
        const room = Math.min(want, this.#maxUnsettled - this.#held.size)
        this.#demand(this.#held.size + room)
        if (room > 0 && this.#ready.length > 0 && (hasAsked || this.#ready.length >= room))
          return this.#take(room)
        if (signal !== undefined) {
          if (!this.#wasPoked) await new Promise<void>((resolve) => (this.#wakeClaim = resolve))
          continue
        }
        if (hasAsked || room < 1) return []
        await this.#subscription.sync()
        if (this.#ready.length === 0) await this.#expect()
        hasAsked = true
      }
    } finally {
      this.#isClaiming = false
      this.#wakeClaim = undefined
      this.#claimedAt = this.#place.settings.clock.monotonic()
      signal?.removeEventListener('abort', this.poke)
    }
  }

  async settle(batch: readonly Settlement[]): Promise<readonly SettleOutcome[]> {
    const settled = new Set<string>()
    const ours: { held: HeldDelivery; settlement: Settlement }[] = []
    const outcomes = batch.map((settlement): SettleOutcome => {
      const held = this.#held.get(settlement.id)
      if (held === undefined || settled.has(settlement.id)) return 'lost'
      settled.add(settlement.id)
      ours.push({ held, settlement })
      return 'settled'
    })
    if (ours.length === 0) return outcomes
    if (this.#closing !== undefined) throw this.#closedError()
    await this.#place.returns.copy(ours)
    const gone = this.#acknowledge(ours.map(({ held }) => held))
    this.poke()
    return outcomes.map((outcome, index) => (gone.has(batch[index]?.id ?? '') ? 'lost' : outcome))
  }

  async resize(maxUnsettled: number): Promise<void> {
    requireRoom(maxUnsettled)
    this.#maxUnsettled = maxUnsettled
    if (this.#subscription.credit > maxUnsettled) this.#subscription.lower(maxUnsettled)
    this.poke()
  }

  close(): Promise<void> {
    this.#closing ??= this.#giveBack()
    return this.#closing
  }

  /** Closes the channels and nothing else, as when the process dies: the server takes back what is not settled. */
  async abandon(): Promise<void> {
    this.#closing ??= Promise.resolve()
    this.poke()
    for (const session of this.#subscription.sessions) this.#lose(session)
    await this.#subscription.close()
  }

  /** Something changed that a waiting claim may be waiting for. */
  readonly poke = (): void => {
    this.#wasPoked = true
    const wake = this.#wakeClaim
    this.#wakeClaim = undefined
    wake?.()
  }

  /** Resolves when what the server sent until now has arrived, or there is no channel. */
  async sync(): Promise<void> {
    await this.#subscription.sync().catch(() => {})
  }

  /** Removes for good what waits here. Answers how many. */
  async purgeReady(): Promise<number> {
    await this.sync()
    const purged = this.#ready.splice(0)
    const gone = this.#acknowledge(purged)
    return purged.length - gone.size
  }

  /** Gives back what nobody claimed for a while. */
  async giveBackSurplus(): Promise<void> {
    const { clock, logger } = this.#place.settings
    const idleMs = clock.monotonic() - this.#claimedAt
    if (this.#ready.length === 0 || this.#isClaiming || idleMs < SURPLUS_MS || this.#closing !== undefined)
      return
    const surplus = this.#ready.splice(0)
    this.#subscription.lower(Math.max(this.#held.size, 1))
    try {
      await this.#place.returns.putBack(surplus)
      this.#acknowledge(surplus)
    } catch (error) {
      logger.warn({ error, queue: this.queue }, 'deliveries that are not needed could not be given back')
      this.#ready.unshift(...surplus.filter(({ session }) => session.isOpen))
    }
  }

  #take(room: number): readonly Delivery[] {
    return this.#ready.splice(0, room).map((held) => {
      this.#held.set(held.id, held)
      return {
        id: held.id,
        body: held.message.content,
        queue: this.queue,
        deliveryCount: held.deliveryCount,
        receivedAt: this.#place.settings.clock.now(),
      }
    })
  }

  /** Answers the ids whose channel is closed. */
  #acknowledge(deliveries: readonly HeldDelivery[]): ReadonlySet<string> {
    const gone = new Set<string>()
    this.#activeAt = this.#place.settings.clock.monotonic()
    for (const session of new Set(deliveries.map((held) => held.session))) {
      const list = deliveries.filter((held) => held.session === session)
      const isDone = session.ack(list.map(({ message }) => message))
      for (const { id } of list) {
        this.#held.delete(id)
        if (!isDone) gone.add(id)
      }
    }
    this.#subscription.closeRetired()
    return gone
  }

  /** The server sends at least as many as `wanted` in all. */
  #demand(wanted: number): void {
    const most = Math.min(this.#maxUnsettled, this.#place.settings.prefetchCount)
    if (this.#subscription.raise(wanted, most)) this.#activeAt = this.#place.settings.clock.monotonic()
  }

  /** A quorum queue answers a settlement some milliseconds later, and nothing tells when it has: waits for that, or a delivery. */
  async #expect(): Promise<void> {
    const { clock, queueArguments } = this.#place.settings
    const leftMs = this.#activeAt + EXPECT_MS - clock.monotonic()
    if (queueArguments?.['x-queue-type'] !== 'quorum' || leftMs <= 0) return
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(this.poke, leftMs, true)
      this.#wakeClaim = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #received(session: AmqpSession, id: string, message: AmqpMessage): void {
    const { clock } = this.#place.settings
    const { count, isUncounted } = deliveryCount(message)
    const held: HeldDelivery = {
      id,
      queue: this.queue,
      session,
      message,
      deliveryCount: count,
      isCopied: false,
    }
    const due = dueAt(message)
    const earlyMs = due === undefined ? 0 : due - clock.now()
    // The server does not count this one: its copy says so, and how often it came before.
    if (isUncounted || earlyMs > EARLY_MS) return this.#forward(held, earlyMs > EARLY_MS ? earlyMs : 0)
    this.#ready.push(held)
    if (this.#wakeClaim === undefined || this.#isWaking) return
    // What arrives in one turn is claimed at once.
    this.#isWaking = true
    clock.defer(() => {
      this.#isWaking = false
      this.poke()
    })
  }

  /** Sends a delivery on instead of handing it over; until that works it stays unsettled. */
  #forward(held: HeldDelivery, delayMs: number): void {
    const { returns, settings } = this.#place
    const forwarding = returns.putBack([held], delayMs).then(
      () => void held.session.ack([held.message]),
      (error: unknown) => {
        if (!held.session.isOpen || this.#closing !== undefined) return
        settings.logger.warn({ error, queue: this.queue }, 'a delivery could not be sent on; trying again')
        settings.clock.setTimer(() => held.session.isOpen && this.#forward(held, delayMs), FORWARD_AGAIN_MS)
      },
    )
    this.#forwarding.add(forwarding)
    void forwarding.then(() => this.#forwarding.delete(forwarding))
  }

  #lose(session: AmqpSession): void {
    const ids = [...this.#held.values()].filter((held) => held.session === session).map(({ id }) => id)
    for (const id of ids) this.#held.delete(id)
    this.#ready = this.#ready.filter((held) => held.session !== session)
    if (ids.length > 0) this.#onLost(ids)
  }

  /** Copies go back uncounted; what cannot be copied returns with the end of the channel, counted. */
  async #giveBack(): Promise<void> {
    const { returns, settings, forget } = this.#place
    this.poke()
    try {
      await this.#subscription.stop()
      await Promise.all(this.#forwarding)
      const all = this.#deliveries().filter(({ session }) => session.isOpen)
      await returns.putBack(all)
      this.#acknowledge(all)
    } catch (error) {
      settings.logger.warn({ error, queue: this.queue }, 'a consumer could not give back what it held')
    }
    this.#held.clear()
    this.#ready = []
    await this.#subscription.close()
    forget(this)
  }

  #deliveries(): readonly HeldDelivery[] {
    return [...this.#held.values(), ...this.#ready]
  }

  #closedError(): MachineryError {
    return new MachineryError('ERR_CLOSED', `the consumer of ${this.queue} is closed`)
  }
}

/** @throws `ERR_OPTION_INVALID` */
export function requireRoom(maxUnsettled: number): void {
  if (Number.isInteger(maxUnsettled) && maxUnsettled >= 1) return
  const text = `maxUnsettled is ${maxUnsettled}; it must be a whole number of at least 1`
  throw new MachineryError('ERR_OPTION_INVALID', text, { details: { maxUnsettled } })
}
