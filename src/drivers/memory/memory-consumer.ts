import { abortReason } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type {
  ConsumeOptions,
  Consumer,
  Delivery,
  SettleOutcome,
  Settlement,
} from '../../core/ports/broker.ts'
import type { MemoryMessages } from './memory-messages.ts'
import type { MemoryQueue, Waiter } from './memory-queue.ts'

interface WaitingClaim extends Waiter {
  readonly fail: (error: Error) => void
}

/** @throws `ERR_OPTION_INVALID` unless it is an integer of at least 1. */
export function checkMaxUnsettled(maxUnsettled: number): void {
  if (Number.isInteger(maxUnsettled) && maxUnsettled >= 1) return
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `maxUnsettled is ${maxUnsettled}; it must be an integer of at least 1`,
  )
}

/** The consumer of the memory driver. States: open → ended (closed, or dead by a fault of a test). */
export class MemoryConsumer implements Consumer {
  /** Deliveries in its hands. */
  unsettled = 0
  readonly queue: MemoryQueue
  readonly #messages: MemoryMessages
  readonly #onLost: ConsumeOptions['onLost']
  readonly #onEnd: (consumer: MemoryConsumer) => void
  #maxUnsettled: number
  #waiting: WaitingClaim | undefined
  #ended: MachineryError | undefined

  constructor(
    messages: MemoryMessages,
    queue: MemoryQueue,
    options: ConsumeOptions,
    onEnd: (consumer: MemoryConsumer) => void,
  ) {
    this.#messages = messages
    this.queue = queue
    this.#maxUnsettled = options.maxUnsettled
    this.#onLost = options.onLost
    this.#onEnd = onEnd
  }

  claim(want: number, signal?: AbortSignal): Promise<readonly Delivery[]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (this.#waiting !== undefined) {
      const text = `a claim on queue ${JSON.stringify(this.queue.name)} waits already; a consumer has one at a time`
      return Promise.reject(new MachineryError('ERR_STATE_CONFLICT', text))
    }
    if (signal?.aborted === true) return Promise.reject(abortReason(signal))
    this.#messages.promote()
    const taken = this.#take(want)
    return taken.length > 0 || signal === undefined ? Promise.resolve(taken) : this.#wait(want, signal)
  }

  settle(batch: readonly Settlement[]): Promise<readonly SettleOutcome[]> {
    const outcomes = batch.map((settlement) => this.#settleOne(settlement))
    this.queue.wake()
    return Promise.resolve(outcomes)
  }

  async resize(maxUnsettled: number): Promise<void> {
    checkMaxUnsettled(maxUnsettled)
    this.#maxUnsettled = maxUnsettled
    this.queue.wake()
  }

  async close(): Promise<void> {
    this.stopClaiming()
    this.#giveBackAll(false)
  }

  /** Ends its claim, and refuses further ones, with `ERR_CLOSED`; what it holds stays. */
  stopClaiming(): void {
    this.#end(
      new MachineryError('ERR_CLOSED', `the consumer of queue ${JSON.stringify(this.queue.name)} is closed`),
    )
  }

  /** Dies with `error`: what it holds returns counted. Harmless when it has ended. */
  crash(error: MachineryError): void {
    if (this.#ended !== undefined) return
    this.#end(error)
    this.#giveBackAll(true)
  }

  /** Takes these deliveries away as if their lease had run out. */
  lose(ids: readonly string[]): void {
    const entries = this.#letGoAll(ids)
    if (entries.length === 0) return
    this.#onLost(ids)
    this.#messages.giveBack(entries, true)
  }

  #end(error: MachineryError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#waiting?.fail(error)
    this.#onEnd(this)
  }

  #giveBackAll(counted: boolean): void {
    if (this.unsettled === 0) return
    const ids = [...this.#messages.held].filter(([, { consumer }]) => consumer === this).map(([id]) => id)
    this.#messages.giveBack(this.#letGoAll(ids), counted)
  }

  #letGoAll(ids: readonly string[]) {
    return ids.map((id) => this.#messages.letGo(id, this)).filter((entry) => entry !== undefined)
  }

  #take(want: number): readonly Delivery[] {
    const room = Math.min(want, this.#maxUnsettled - this.unsettled, this.queue.pending)
    const taken: Delivery[] = []
    if (room <= 0) return taken
    const receivedAt = this.#messages.clock.now()
    for (let count = 0; count < room; count++) {
      const entry = this.queue.take()
      if (entry === undefined) break
      const id = this.#messages.newId()
      this.#messages.held.set(id, { entry, consumer: this })
      const { body, deliveryCount } = entry
      taken.push({ id, body, queue: this.queue.name, deliveryCount, receivedAt })
    }
    this.unsettled += taken.length
    this.queue.inFlight += taken.length
    return taken
  }

  #wait(want: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    const { promise, resolve, reject } = promiseParts<readonly Delivery[]>()
    const stop = (): void => {
      this.#waiting = undefined
      this.queue.waiters.delete(waiting)
      this.#messages.delays.waiting(-1)
      signal.removeEventListener('abort', onAbort)
    }
    const waiting: WaitingClaim = {
      tryTake: () => {
        const taken = this.#take(want)
        if (taken.length === 0) return
        stop()
        resolve(taken)
      },
      fail: (error) => {
        stop()
        reject(error)
      },
    }
    const onAbort = (): void => waiting.fail(abortReason(signal))
    signal.addEventListener('abort', onAbort)
    this.#waiting = waiting
    this.queue.waiters.add(waiting)
    this.#messages.delays.waiting(1)
    return promise
  }

  #settleOne(settlement: Settlement): SettleOutcome {
    const messages = this.#messages
    const entry = messages.letGo(settlement.id, this)
    if (entry === undefined) return 'lost'
    if (settlement.kind === 'release') {
      if (settlement.counted) entry.deliveryCount++
      if (settlement.delayMs > 0) messages.delays.add(entry, settlement.delayMs)
      else entry.queue.putBack(entry)
    } else if (settlement.kind === 'deadLetter') {
      const { id, reason } = settlement
      entry.queue.dead.set(id, { id, entry, reason, deadAt: messages.clock.now() })
    }
    return 'settled'
  }
}

function promiseParts<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
