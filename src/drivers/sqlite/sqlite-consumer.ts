import { abortReason, type Timer } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type {
  ConsumeOptions,
  Consumer,
  Delivery,
  SettleOutcome,
  Settlement,
} from '../../core/ports/broker.ts'
import type { SqliteDeliveries } from './sqlite-deliveries.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import type { ClaimedRow } from './sqlite-messages.ts'

/** What a consumer needs of its broker. */
export interface ConsumerPlace {
  readonly engine: SqliteEngine
  readonly deliveries: SqliteDeliveries
  /** Wakes the consumers of a queue that are in this process. */
  readonly wake: (queue: string) => void
  /** The consumer is closed. */
  readonly forget: (consumer: SqliteConsumer) => void
}

/** A wall clock that jumps must not let a waiting claim oversleep for longer than this. */
const LONGEST_TIMER_MS = 5_000

interface Claim {
  /** Undefined when the claim was given up before its transaction began. */
  readonly owner: number | undefined
  readonly rows: readonly ClaimedRow[]
}

/** The fetch handle of one queue: a row in the table of consumers, which owns the messages that were handed over. */
export class SqliteConsumer implements Consumer {
  readonly queue: string
  readonly #place: ConsumerPlace
  readonly #onLost: (ids: readonly string[]) => void
  readonly #held = new Set<string>()
  #owner: number
  #maxUnsettled: number
  #isClaiming = false
  #wasPoked = false
  #wakeClaim: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(queue: string, owner: number, options: ConsumeOptions, place: ConsumerPlace) {
    this.queue = queue
    this.#owner = owner
    this.#maxUnsettled = options.maxUnsettled
    this.#onLost = options.onLost
    this.#place = place
  }

  /** Number of the row in the table of consumers. */
  get owner(): number {
    return this.#owner
  }

  async claim(want: number, signal?: AbortSignal): Promise<readonly Delivery[]> {
    if (this.#isClaiming) {
      throw new MachineryError('ERR_STATE_CONFLICT', `a claim on ${this.queue} is under way; one at a time`)
    }
    this.#isClaiming = true
    const { wakeUp } = this.#place.engine
    const stopListening = wakeUp.listen(this.poke)
    signal?.addEventListener('abort', this.poke)
    try {
      for (;;) {
        if (this.#closing !== undefined) throw this.#closedError()
        if (signal?.aborted === true) throw abortReason(signal)
        this.#wasPoked = false
        const room = Math.min(want, this.#maxUnsettled - this.#held.size)
        const look = room < 1 ? undefined : await this.#look()
        const claimed = look?.isReady === true ? await this.#take(room, signal) : []
        // What was handed over while it closed is given back with the rest.
        if (claimed.length > 0 && this.#closing === undefined) return claimed
        if (signal === undefined && this.#closing === undefined) return []
        // Another consumer was faster: look again, also for what is due later.
        if (look?.isReady !== true && !this.#wasPoked) await this.#wait(look?.nextDueAt)
      }
    } finally {
      this.#isClaiming = false
      stopListening()
      signal?.removeEventListener('abort', this.poke)
    }
  }

  async settle(batch: readonly Settlement[]): Promise<readonly SettleOutcome[]> {
    const { engine, deliveries, wake } = this.#place
    if (!batch.some(({ id }) => this.#held.has(id))) return batch.map(() => 'lost')
    const run = (): readonly SettleOutcome[] => {
      const settled = new Set<string>()
      return batch.map((settlement) => {
        const { id } = settlement
        const row = this.#held.has(id) && !settled.has(id) ? deliveries.get(id) : undefined
        settled.add(id)
        return row !== undefined && engine.messages.settle(row, settlement) ? 'settled' : 'lost'
      })
    }
    let isLost = false
    const outcomes = await engine.connection.write(run, (answers) => {
      isLost = batch.some(({ id }, index) => answers[index] === 'lost' && this.#held.has(id))
      for (const [index, { id }] of batch.entries()) {
        if (answers[index] === 'settled') deliveries.remove(id)
      }
      if (batch.some(({ kind }) => kind === 'release')) wake(this.queue)
    })
    if (isLost) await this.checkLease()
    return outcomes
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

  readonly letGo = (id: string): void => {
    this.#held.delete(id)
    this.poke()
  }

  /** Finds out whether another process reaped this consumer, and tells. */
  async checkLease(): Promise<void> {
    const { consumers, connection } = this.#place.engine
    const owner = this.#owner
    const isOurs = await connection.read(() => consumers.isRegistered(owner))
    if (!isOurs && owner === this.#owner && this.#closing === undefined) this.#lose()
  }

  async #look(): Promise<{ readonly isReady: boolean; readonly nextDueAt: number | undefined }> {
    const { connection, messages } = this.#place.engine
    return connection.read(() => messages.look(this.queue))
  }

  async #take(room: number, signal: AbortSignal | undefined): Promise<readonly Delivery[]> {
    const { connection, consumers, messages } = this.#place.engine
    const run = (): Claim => {
      if (signal?.aborted === true || this.#closing !== undefined) return { owner: undefined, rows: [] }
      const owner = consumers.isRegistered(this.#owner) ? this.#owner : consumers.register()
      return { owner, rows: messages.claim(this.queue, owner, room) }
    }
    let claimed: readonly Delivery[] = []
    await connection.write(run, (claim) => (claimed = this.#receive(claim)))
    return claimed
  }

  #receive({ owner, rows }: Claim): readonly Delivery[] {
    if (owner === undefined) return []
    if (owner !== this.#owner) this.#lose()
    this.#owner = owner
    const { deliveries, engine } = this.#place
    const receivedAt = engine.settings.clock.now()
    return rows.map(({ messageId, handover, body, deliveryCount }) => {
      const id = `${engine.consumers.session}-${owner}-${handover}`
      this.#held.add(id)
      deliveries.add(id, { messageId, owner, handover, holder: this })
      return { id, body, queue: this.queue, deliveryCount, receivedAt }
    })
  }

  /** Ends with the next poke, or when the next delayed message is due. */
  #wait(nextDueAt: number | undefined): Promise<void> {
    const { wakeUp, settings } = this.#place.engine
    const { clock } = settings
    return new Promise((resolve) => {
      let timer: Timer | undefined
      let endWait: (() => void) | undefined
      this.#wakeClaim = () => {
        this.#wakeClaim = undefined
        timer?.cancel()
        endWait?.()
        resolve()
      }
      if (nextDueAt !== undefined) {
        const delayMs = Math.min(Math.max(nextDueAt - clock.now(), 0), LONGEST_TIMER_MS)
        timer = clock.setTimer(this.poke, delayMs, true)
      }
      const end = wakeUp.wait()
      // The look with which a wait begins may have ended it already.
      if (this.#wakeClaim === undefined) end()
      else endWait = end
    })
  }

  #lose(): void {
    const ids = [...this.#held]
    for (const id of ids) this.#place.deliveries.remove(id)
    if (ids.length > 0) this.#onLost(ids)
    this.poke()
  }

  async #giveBack(): Promise<void> {
    const { engine, deliveries, wake } = this.#place
    const { connection, consumers, messages, lease, settings } = engine
    this.poke()
    lease.leave()
    try {
      await connection.write(() => {
        messages.giveBack(this.#owner, false)
        consumers.remove(this.#owner)
      })
    } catch (error) {
      // Without a beat, another process gives it back: later, and counted.
      settings.logger.warn({ error, queue: this.queue }, 'a consumer could not give back what it held')
    }
    for (const id of [...this.#held]) deliveries.remove(id)
    this.#place.forget(this)
    wake(this.queue)
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
