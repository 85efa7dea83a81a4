import { abortReason, type Timer } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type {
  ConsumeOptions,
  Consumer,
  Delivery,
  SettleOutcome,
  Settlement,
} from '../../core/ports/broker.ts'
import {
  type HeldDelivery,
  needsPreparation,
  releaseLater,
  type SettleJob,
  settleJob,
} from './redis-settle-job.ts'
import type { RedisEngine } from './redis-engine.ts'
import type { QueueKeys } from './redis-keys.ts'
import { RedisSteps, type StepEntry, type StepReply } from './redis-steps.ts'
import type { RedisWakeUp } from './redis-wake-up.ts'

/** What a consumer needs of its broker. */
export interface ConsumerPlace {
  readonly engine: RedisEngine
  readonly keys: QueueKeys
  readonly wakeUp: RedisWakeUp
  /** A name that was never used and never will be. */
  readonly newName: () => string
  /** The consumer is closed. */
  readonly forget: (consumer: RedisConsumer) => void
}

/** Settlements wait this long for a claim with which they can share a round trip. */
const RIDE_MS = 2
const RIDE_AT_ONCE = 64
/** A message for which there is no room among the dead letters comes again after this long. */
const FULL_PAUSE_MS = 60_000
/** Messages that one claim gets at most. */
const MOST_PER_CLAIM = 1_000

/** The fetch handle of one queue: an entry in the registry, and a hash with what it holds. */
export class RedisConsumer implements Consumer {
  readonly #place: ConsumerPlace
  readonly #onLost: (ids: readonly string[]) => void
  readonly #held = new Map<string, HeldDelivery>()
  /** Ours since an answer was lost, and not handed over yet. */
  #ready: readonly Delivery[] = []
  #jobs: SettleJob[] = []
  #ride: Timer | undefined
  #steps: RedisSteps
  #turn: Promise<void> = Promise.resolve()
  #maxUnsettled: number
  /** The server has more in our hands than we know of. */
  #hasStrays = false
  #isClaiming = false
  #wasPoked = false
  #wakeClaim: (() => void) | undefined
  #closing: Promise<void> | undefined

  private constructor(steps: RedisSteps, options: ConsumeOptions, place: ConsumerPlace) {
    this.#steps = steps
    this.#maxUnsettled = options.maxUnsettled
    this.#onLost = options.onLost
    this.#place = place
  }

  static async open(options: ConsumeOptions, place: ConsumerPlace): Promise<RedisConsumer> {
    const consumer = new RedisConsumer(await register(place), options, place)
    consumer.#join()
    return consumer
  }

  /** Its name in the registry. */
  get name(): string {
    return this.#steps.consumer
  }

  get queue(): string {
    return this.#place.keys.queue
  }

  async claim(want: number, signal?: AbortSignal): Promise<readonly Delivery[]> {
    if (this.#isClaiming) {
      throw new MachineryError('ERR_STATE_CONFLICT', `a claim on ${this.queue} is under way; one at a time`)
    }
    this.#isClaiming = true
    signal?.addEventListener('abort', this.poke)
    try {
      for (;;) {
        if (this.#closing !== undefined) throw this.#closedError()
        if (signal?.aborted === true) throw abortReason(signal)
        this.#wasPoked = false
        const claimed = await this.#take(want)
        // What was handed over while it closed is given back with the rest.
        if (claimed.length > 0 && this.#closing === undefined) return claimed
        if (signal === undefined && this.#closing === undefined) return []
        if (!this.#wasPoked) await this.#wait()
      }
    } finally {
      this.#isClaiming = false
      signal?.removeEventListener('abort', this.poke)
    }
  }

  async settle(batch: readonly Settlement[]): Promise<readonly SettleOutcome[]> {
    const { job, outcomes } = settleJob(batch, this.#held, this.#place.engine.settings.maxDead)
    if (job.steps.length === 0) return outcomes
    if (this.#closing !== undefined) throw this.#closedError()
    const { engine, keys } = this.#place
    const { name: consumer } = this
    if (needsPreparation(job)) {
      await releaseLater(job, { engine, keys, consumer })
      // It was given back meanwhile, and a STEP would be that of a consumer which is gone.
      if (this.#closing !== undefined) throw this.#closedError()
    }
    return new Promise((resolve, reject) => {
      const end: SettleJob['end'] = (answer, held) => {
        const { lost, full } = job.end(answer, held)
        if (full.length === 0) resolve(outcomes)
        else this.#keepForLater(full, batch, outcomes).then(resolve, reject)
        return lost
      }
      this.#jobs.push({ consumer, steps: job.steps, end, reject })
      const count = this.#jobs.reduce((sum, { steps }) => sum + steps.length, 0)
      if (this.#wakeClaim !== undefined) this.poke()
      else if (count >= RIDE_AT_ONCE) this.#flushSoon()
      else this.#ride ??= engine.settings.clock.setTimer(() => this.#flushSoon(), RIDE_MS, true)
    })
  }

  /** There is no room for these dead letters, and nothing is dropped: they come again. */
  async #keepForLater(
    ids: readonly string[],
    batch: readonly Settlement[],
    outcomes: readonly SettleOutcome[],
  ): Promise<readonly SettleOutcome[]> {
    const { settings } = this.#place.engine
    settings.logger.warn(
      { queue: this.queue, maxDead: settings.maxDead, messages: ids.length },
      `${this.queue} has as many dead letters as maxDead allows; messages that should be dead letters come again`,
    )
    const released = await this.settle(
      ids.map((id) => ({ id, kind: 'release', delayMs: FULL_PAUSE_MS, counted: false })),
    )
    const outcomeOf = new Map(ids.map((id, index) => [id, released[index]]))
    return batch.map(({ id }, index) => outcomeOf.get(id) ?? outcomes[index] ?? 'lost')
  }

  async resize(maxUnsettled: number): Promise<void> {
    requireRoom(maxUnsettled)
    this.#maxUnsettled = maxUnsettled
    this.poke()
  }

  async extend(ids: readonly string[], ms: number): Promise<void> {
    if (ids.some((id) => this.#held.has(id))) this.#place.engine.lease.extend(ms)
  }

  close(): Promise<void> {
    this.#closing ??= this.#giveBack()
    return this.#closing
  }

  /** Something changed that a waiting claim may be waiting for. */
  readonly poke = (): void => {
    this.#wasPoked = true
    this.#wakeClaim?.()
  }

  /** Whether a delivery is in its hands. */
  holds(id: string): boolean {
    return this.#held.has(id)
  }

  /** A delivery was settled together with its state. */
  letGo(id: string): void {
    if (this.#held.delete(id)) this.poke()
  }

  async #take(want: number): Promise<readonly Delivery[]> {
    // What is settled by the same STEP makes room for what it claims; what is ready goes first.
    const room = (settling: number): number =>
      this.#ready.length > 0
        ? 0
        : Math.min(want, this.#maxUnsettled - this.#held.size + settling, MOST_PER_CLAIM)
    const isExchange = room(0) >= 1 || (this.#jobs.length > 0 && this.#ready.length === 0)
    const claimed = isExchange ? await this.#exchange(room) : []
    if (claimed.length > 0) return claimed
    const ready = this.#ready.slice(0, want)
    this.#ready = this.#ready.slice(want)
    return ready
  }

  #flushSoon(): void {
    this.#exchange(() => 0).catch(() => {
      // Whoever settles or claims has been told.
    })
  }

  /** One STEP, when it is our turn: all settlements that wait, and a claim. */
  async #exchange(room: (settling: number) => number): Promise<readonly Delivery[]> {
    const before = this.#turn
    let end: () => void = () => {}
    this.#turn = new Promise((resolve) => (end = resolve))
    await before
    try {
      return await this.#step(room)
    } finally {
      end()
    }
  }

  async #step(room: (settling: number) => number): Promise<readonly Delivery[]> {
    this.#ride?.cancel()
    this.#ride = undefined
    const all = this.#jobs.splice(0)
    try {
      if (this.#steps.hasUnanswered) await this.#settleLost(await this.#steps.again())
      if (this.#hasStrays) await this.#returnStrays()
      const jobs = this.#withoutStale(all)
      const settlements = jobs.flatMap((job) => job.steps)
      const want = Math.max(room(settlements.length), 0)
      if (want === 0 && jobs.length === 0) return []
      const steps = this.#steps
      const reply = await steps.run(want, settlements)
      if (reply.kind === 'gone') {
        for (const job of jobs) job.end('gone', this.#held)
        if (this.#closing !== undefined) return []
        await this.#begin()
        return room(0) > 0 ? await this.#step(room) : []
      }
      const lost = jobs.flatMap((job) => job.end(reply, this.#held))
      if (lost.length > 0) this.#onLost(lost)
      const received = this.#received(reply.entries, steps)
      this.#hasStrays = reply.holds > this.#held.size
      if (this.#hasStrays) this.poke()
      return received
    } catch (error) {
      for (const job of all) job.reject(error as Error)
      throw error
    } finally {
      // Settled: there is room.
      if (all.length > 0) this.poke()
    }
  }

  /** Without those about deliveries of an earlier registration: under the new one, their fields name other messages. */
  #withoutStale(jobs: readonly SettleJob[]): readonly SettleJob[] {
    return jobs.filter((job) => {
      const isStale = job.consumer !== this.name
      if (isStale) job.end('gone', this.#held)
      return !isStale
    })
  }

  /** What the request did whose answer was lost: its messages are ours, for the next claim. */
  async #settleLost(reply: StepReply): Promise<void> {
    if (reply.kind === 'gone') return this.#closing === undefined ? this.#begin() : undefined
    this.#ready = [...this.#ready, ...this.#received(reply.entries, this.#steps)]
  }

  /**
   * Gives back what the server came back to after a failover, or from a disk that was behind: messages that were settled here,
   * and of which it lost the settlement (reliability 2.9). A field that was settled meanwhile is not there, and is passed over.
   */
  async #returnStrays(): Promise<void> {
    const { engine, keys } = this.#place
    const fields = (await engine.connection.command('hkeys', [keys.flying(this.name)])) as readonly Buffer[]
    const known = new Set([...this.#held.values()].map(({ field }) => field))
    const strays = fields.map(String).filter((field) => field !== '#' && !known.has(field))
    const args = ['b', '0', '', ''] as const
    if (strays.length > 0)
      await this.#steps.run(
        0,
        strays.map((field) => ({ field, args })),
      )
    this.#hasStrays = false
    if (strays.length > 0)
      engine.settings.logger.warn(
        { queue: this.queue, strays: strays.length },
        'the server forgot settlements; their messages returned to their queue',
      )
  }

  #received(entries: readonly StepEntry[], { consumer }: RedisSteps): readonly Delivery[] {
    const receivedAt = this.#place.engine.settings.clock.now()
    return entries.map(({ field, body, deliveryCount, isNew }) => {
      const id = `${consumer}:${field}`
      this.#held.set(id, { field, body })
      return { id, body, queue: this.queue, deliveryCount, receivedAt, isNew }
    })
  }

  /** Registers under a new name: what was held under the old one is not ours any more. */
  async #begin(): Promise<void> {
    this.#lose()
    this.#place.engine.lease.leave(this.name)
    this.#steps = await register(this.#place)
    this.#join()
  }

  #join(): void {
    const { engine, keys } = this.#place
    const { registry } = keys
    engine.lease.join({ registry, consumer: this.name }, () => {
      // The next STEP would find out; whoever runs long wants to know now.
      engine.lease.leave(this.name)
      this.#lose()
      this.poke()
    })
  }

  #lose(): void {
    const ids = [...this.#held.keys()]
    this.#held.clear()
    this.#ready = []
    if (ids.length > 0) this.#onLost(ids)
  }

  /** Ends with the next poke. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      let end = (): void => {}
      this.#wakeClaim = () => {
        this.#wakeClaim = undefined
        end()
        resolve()
      }
      // Without room there is nothing to be woken for but room.
      if (this.#held.size < this.#maxUnsettled) end = this.#place.wakeUp.wait(this.poke)
    })
  }

  async #giveBack(): Promise<void> {
    const { engine, keys, forget } = this.#place
    const { connection, lease, settings } = engine
    this.poke()
    await this.#exchange(() => 0).catch(() => {})
    lease.leave(this.name)
    const { queue, land, registry, counts, dead, priorities } = keys
    const own = [queue, land, registry, keys.flying(this.name), counts, dead, priorities]
    try {
      await connection.script('reap', own, [this.name, '', '0', '0'])
    } catch (error) {
      // Without a beat, another process gives it back: later, and counted.
      settings.logger.warn({ error, queue }, 'a consumer could not give back what it held')
    }
    this.#held.clear()
    forget(this)
  }

  #closedError(): MachineryError {
    return new MachineryError('ERR_CLOSED', `the consumer of ${this.queue} is closed`)
  }
}

const register = ({ engine, keys, newName }: ConsumerPlace): Promise<RedisSteps> =>
  RedisSteps.register(engine.connection, keys, engine.delayed, newName())

/** @throws `ERR_OPTION_INVALID` */
export function requireRoom(maxUnsettled: number): void {
  if (Number.isInteger(maxUnsettled) && maxUnsettled >= 1) return
  const text = `maxUnsettled is ${maxUnsettled}; it must be a whole number of at least 1`
  throw new MachineryError('ERR_OPTION_INVALID', text, { details: { maxUnsettled } })
}
