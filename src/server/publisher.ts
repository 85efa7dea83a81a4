import { MachineryError } from '../core/errors.ts'
import type { PendingOutcome } from '../core/ports/backend.ts'
import type { PublishOutcome } from '../core/ports/broker.ts'
import type { SendOutcome, SendUnit } from '../core/ports/same-store.ts'
import type { Runtime } from './runtime.ts'

/** Most messages under way at once; more wait for their turn (spec: reliability 6.1). */
const MAX_IN_FLIGHT_MESSAGES = 1_000

interface Waiting {
  readonly unit: SendUnit
  readonly resolve: (states: readonly PendingOutcome[]) => void
  readonly reject: (error: unknown) => void
}

const STORED: PublishOutcome = { outcome: 'stored' }

/**
 * Sends units: states and groups first, then messages (fused where broker and backend are one store). Calls of one turn
 * share a batch, at most 1,000 messages are under way, the rest waits in order.
 */
export class Publisher {
  readonly #runtime: Runtime
  #waiting: Waiting[] = []
  #inFlight = 0
  #scheduled = false
  #closed = false
  #idle: (() => void) | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /**
   * Resolves when the unit is stored, to the outcome of each message's state.
   * @throws `ERR_PUBLISH_REFUSED`, `ERR_PUBLISH_UNCERTAIN`, `ERR_MESSAGE_TOO_LARGE`, `ERR_QUEUE_FULL` as the broker answers; `ERR_CLOSED`.
   */
  send(unit: SendUnit): Promise<readonly PendingOutcome[]> {
    if (this.#closed) return Promise.reject(new MachineryError('ERR_CLOSED', 'send: the server is closed'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, resolve, reject })
      this.#schedule()
    })
  }

  /** Refuses new sends and resolves when those under way have ended. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#inFlight === 0 && this.#waiting.length === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= MAX_IN_FLIGHT_MESSAGES) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const batch = this.#take()
    if (batch.length === 0) return
    const size = batch.reduce((sum, item) => sum + item.unit.messages.length, 0)
    this.#inFlight += size
    try {
      const outcomes = await this.#sendBatch(batch.map((item) => item.unit))
      batch.forEach((item, index) => answer(item, outcomes[index]))
    } catch (error) {
      for (const item of batch) item.reject(error)
    }
    this.#inFlight -= size
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#inFlight === 0) this.#idle?.()
  }

  #take(): Waiting[] {
    let room = MAX_IN_FLIGHT_MESSAGES - this.#inFlight
    let count = 0
    for (const item of this.#waiting) {
      if (count > 0 && item.unit.messages.length > room) break
      room -= item.unit.messages.length
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  #sendBatch(units: readonly SendUnit[]): Promise<readonly SendOutcome[]> {
    const { sameStore } = this.#runtime
    return sameStore === undefined ? this.#sendOverTwoPorts(units) : sameStore.send(units)
  }

  async #sendOverTwoPorts(units: readonly SendUnit[]): Promise<readonly SendOutcome[]> {
    const { broker, backend } = this.#runtime
    const all = units.flatMap((unit) => unit.messages)
    const states: PendingOutcome[] = all.map(() => 'written')
    if (backend !== undefined) {
      const groups = units.flatMap((unit) => unit.groups)
      if (groups.length > 0) await backend.groups.init(groups)
      const withState = all.flatMap((message, index) =>
        message.pending === undefined ? [] : [{ index, write: message.pending }],
      )
      const outcomes =
        withState.length > 0 ? await backend.tasks.pending(withState.map((item) => item.write)) : []
      withState.forEach((item, index) => (states[item.index] = outcomes[index] ?? 'written'))
    }
    const toPublish = all.filter((_, index) => states[index] !== 'exists')
    const published = toPublish.length > 0 ? await broker.publish(toPublish.map((item) => item.message)) : []
    const outcomeOf = new Map(toPublish.map((item, index) => [item, published[index] ?? STORED]))
    let offset = 0
    return units.map((unit) => {
      const outcomes = unit.messages.map((message) => outcomeOf.get(message) ?? STORED)
      const unitStates = states.slice(offset, offset + unit.messages.length)
      offset += unit.messages.length
      return {
        publish: outcomes.find((outcome) => outcome.outcome !== 'stored') ?? STORED,
        states: unitStates,
      }
    })
  }
}

function answer(item: Waiting, outcome: SendOutcome | undefined): void {
  if (outcome === undefined || outcome.publish.outcome === 'stored')
    return item.resolve(outcome?.states ?? [])
  item.reject(publishError(outcome.publish))
}

/** The error of a publish that was not stored: the driver's own, or one that says what is known. */
export function publishError(outcome: PublishOutcome): MachineryError {
  if (outcome.outcome === 'refused' && outcome.error !== undefined) return outcome.error
  const code = outcome.outcome === 'refused' ? 'ERR_PUBLISH_REFUSED' : 'ERR_PUBLISH_UNCERTAIN'
  const text = outcome.error?.message ?? 'the broker gave no reason'
  return new MachineryError(code, `Publish message error: ${text}`, { cause: outcome.error })
}
