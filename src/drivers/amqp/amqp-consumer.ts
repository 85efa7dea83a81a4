import { abortReason, sleep } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type {
  ConsumeOptions,
  Consumer,
  Delivery,
  SettleOutcome,
  Settlement,
} from '../../core/ports/broker.ts'
import type { AmqpAdmin } from './amqp-admin.ts'
import type { AmqpMessage } from './amqp-client.ts'
import { deliveryCount, dueAt } from './amqp-headers.ts'
import type { AmqpSession } from './amqp-session.ts'
import type { AmqpReturns, HeldDelivery } from './amqp-returns.ts'
import { AmqpSubscription, type SubscriptionPlace } from './amqp-subscription.ts'

/** What a consumer needs of its broker. */
export interface ConsumerPlace extends Omit<SubscriptionPlace, 'queue'> {
  readonly admin: AmqpAdmin
  readonly returns: AmqpReturns
  readonly forget: (consumer: AmqpConsumer) => void
}

const FORWARD_AGAIN_MS = 500
/** How long a claim that does not wait gives a delivery that the queue owes, and how often it looks. */
const OWED_MS = 500
const LOOK_AGAIN_MS = 10
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
  /** Sent on to where they go next, and not acknowledged yet. */
  readonly #leaving = new Set<HeldDelivery>()
  readonly #settling = new Set<string>()
  /** What must end before the channels are closed. */
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #stopped = new AbortController()
  #maxUnsettled: number
  #claimedAt: number
  /** Whether the server was given reason to send something since it was last seen to owe nothing. */
  #isOwed = false
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
        this.#demand(this.#heldOfCredit() + room)
        if (room > 0 && this.#ready.length > 0 && (hasAsked || this.#ready.length >= room))
          return this.#take(room)
        if (signal !== undefined) {
          if (!this.#wasPoked) await new Promise<void>((resolve) => (this.#wakeClaim = resolve))
          continue
        }
        if (hasAsked || room < 1) return []
        await this.#subscription.sync()
        if (this.#ready.length === 0 && this.#isOwed) await this.#awaitOwed()
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
    const ours: { held: HeldDelivery; settlement: Settlement }[] = []
    const outcomes = batch.map((settlement): SettleOutcome => {
      const held = this.#held.get(settlement.id)
      if (held === undefined || this.#settling.has(settlement.id)) return 'lost'
      this.#settling.add(settlement.id)
      ours.push({ held, settlement })
      return 'settled'
    })
    if (ours.length === 0) return outcomes
    try {
      if (this.#closing !== undefined) throw this.#closedError()
      const gone = await this.#finishing(this.#settle(ours))
      return outcomes.map((outcome, index) => (gone.has(batch[index]?.id ?? '') ? 'lost' : outcome))
    } finally {
      for (const { held } of ours) this.#settling.delete(held.id)
    }
  }

  async resize(maxUnsettled: number): Promise<void> {
    requireRoom(maxUnsettled)
    this.#maxUnsettled = maxUnsettled
    if (this.#subscription.credit > maxUnsettled) this.#subscription.lower(0)
    this.poke()
  }

  close(): Promise<void> {
    this.#closing ??= this.#giveBack()
    return this.#closing
  }

  /** Closes the channels and nothing else, as when the process dies: the server takes back what is not settled. */
  async abandon(): Promise<void> {
    this.#closing ??= Promise.resolve()
    this.#stopped.abort()
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
    for (const held of surplus) this.#leaving.add(held)
    this.#subscription.lower(0)
    await this.#finishing(
      this.#putBack(surplus).catch((error: unknown) => {
        logger.warn({ error, queue: this.queue }, 'deliveries that are not needed could not be given back')
        this.#ready.unshift(...surplus.filter((held) => this.#leaving.delete(held)))
      }),
    )
  }

  async #settle(
    items: readonly { readonly held: HeldDelivery; readonly settlement: Settlement }[],
  ): Promise<ReadonlySet<string>> {
    await this.#place.returns.copy(items)
    const gone = this.#acknowledge(items.map(({ held }) => held))
    this.poke()
    return gone
  }

  async #putBack(deliveries: readonly HeldDelivery[]): Promise<void> {
    await this.#place.returns.putBack(deliveries)
    this.#acknowledge(deliveries)
  }

  /** The outcome of `work`, which must end before the channels are closed. */
  async #finishing<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  /** Handed over, over the channel whose credit counts. */
  #heldOfCredit(): number {
    if (!this.#subscription.hasRetired) return this.#held.size
    return [...this.#held.values()].filter(({ session }) => this.#subscription.isCurrent(session)).length
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
    this.#isOwed = true
    for (const session of new Set(deliveries.map((held) => held.session))) {
      const list = deliveries.filter((held) => held.session === session)
      const isDone = session.ack(list.map(({ message }) => message))
      for (const held of list) {
        this.#held.delete(held.id)
        this.#leaving.delete(held)
        if (!isDone) gone.add(held.id)
      }
    }
    this.#subscription.closeRetired()
    return gone
  }

  /** The server sends at least as many as `wanted` in all. */
  #demand(wanted: number): void {
    const most = Math.min(this.#maxUnsettled, this.#place.settings.prefetchCount)
    if (this.#subscription.raise(wanted, most)) this.#isOwed = true
  }

  /**
   * The channel answers before the queue has seen what was acknowledged over it. So as long as the queue has messages, one of
   * them may be ours: waits until it is here, or the queue has none.
   */
  async #awaitOwed(): Promise<void> {
    const { admin, settings } = this.#place
    const { clock } = settings
    const until = clock.monotonic() + OWED_MS
    while (this.#ready.length === 0 && clock.monotonic() < until && this.#closing === undefined) {
      const counts = await admin.counts(this.queue)
      if (counts === undefined || counts.ready === 0) {
        await this.#subscription.sync()
        break
      }
      await new Promise<void>((resolve) => {
        const timer = clock.setTimer(this.poke, LOOK_AGAIN_MS, true)
        this.#wakeClaim = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    this.#isOwed = false
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
    const isEarly = due !== undefined && due - clock.now() > EARLY_MS
    // The server does not count this one: its copy says so, and how often it came before.
    if (isUncounted || isEarly) {
      void this.#finishing(this.#forward(held, isEarly ? due : 0))
      return
    }
    this.#ready.push(held)
    if (this.#wakeClaim === undefined || this.#isWaking) return
    // What arrives in one turn is claimed at once.
    this.#isWaking = true
    clock.defer(() => {
      this.#isWaking = false
      this.poke()
    })
  }

  /** Sends a delivery on instead of handing it over, to come again when it is due; until that works it stays unsettled. Never rejects. */
  async #forward(held: HeldDelivery, due: number): Promise<void> {
    const { returns, settings } = this.#place
    const { clock, logger } = settings
    this.#leaving.add(held)
    while (this.#leaving.has(held)) {
      try {
        await returns.putBack([held], Math.max(due - clock.now(), 0))
        this.#acknowledge([held])
      } catch (error) {
        if (this.#closing !== undefined) return
        logger.warn({ error, queue: this.queue }, 'a delivery could not be sent on; trying again')
        await sleep(clock, FORWARD_AGAIN_MS, this.#stopped.signal).catch(() => {})
      }
    }
  }

  #lose(session: AmqpSession): void {
    const ids = [...this.#held.values()].filter((held) => held.session === session).map(({ id }) => id)
    for (const id of ids) this.#held.delete(id)
    this.#ready = this.#ready.filter((held) => held.session !== session)
    for (const held of this.#leaving) if (held.session === session) this.#leaving.delete(held)
    if (ids.length > 0) this.#onLost(ids)
  }

  /** Copies go back uncounted; what cannot be copied returns with the end of the channel, counted. */
  async #giveBack(): Promise<void> {
    const { settings, forget } = this.#place
    this.#stopped.abort()
    this.poke()
    try {
      await this.#subscription.stop().catch(() => {})
      await Promise.allSettled(this.#underWay)
      await this.#putBack(this.#deliveries().filter(({ session }) => session.isOpen))
    } catch (error) {
      settings.logger.warn({ error, queue: this.queue }, 'a consumer could not give back what it held')
    }
    this.#held.clear()
    this.#leaving.clear()
    this.#ready = []
    await this.#subscription.close()
    forget(this)
  }

  #deliveries(): readonly HeldDelivery[] {
    return [...this.#held.values(), ...this.#ready, ...this.#leaving]
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
