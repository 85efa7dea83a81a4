import { isMachineryError, MachineryError } from '../core/errors.ts'
import type { Timer } from '../core/clock.ts'
import type { BeginWrite } from '../core/ports/backend.ts'
import type { FinishUnit } from '../core/ports/same-store.ts'
import type { Runtime } from '../server/runtime.ts'
import { backoffMs } from './backoff.ts'
import type { Ending } from './ending.ts'
import { finishOverTwoPorts, triggerAndSettle, type Verdict } from './finish-over-two-ports.ts'
import { HandOffTraces } from './hand-off-traces.ts'
import { logFields, type Held } from './held.ts'
import { messageDigest } from './message-digest.ts'
import type { Service } from './service.ts'

/** Endings that may wait for a flush: bounds what a crash makes run again, beyond the running handlers. */
export const SETTLE_WINDOW = 64
const MAX_BATCH = 256

/** What the settler tells the rest of the worker. */
export interface SettlerEvents {
  /** The delivery is settled, or lost for good. */
  readonly onSettled: (held: Held) => void
  /** Another run owns the task: keep the delivery and look again later, never acknowledge it here (spec: reliability 4.3). */
  readonly onFenced: (held: Held) => void
  readonly onError: (error: unknown) => void
}

/**
 * The one flush policy: endings of one turn of the event loop share a flush, and while a flush is under way the next
 * batch gathers. So a lone task waits for nothing and a loaded worker batches by itself, without a timer. What fails is
 * repeated with back-off for as long as the worker holds the delivery.
 */
export class Settler implements Service {
  readonly name = 'settler'
  readonly #runtime: Runtime
  readonly #events: SettlerEvents
  readonly #traces: HandOffTraces | undefined
  #endings: Ending[] = []
  /** First deliveries that run without a recorded begin: STARTED goes out with the next flush, unless they end before it. */
  readonly #started = new Set<Held>()
  readonly #later = new Map<Ending, Timer>()
  #inFlight = 0
  #isFlushing = false
  #scheduled = false
  #abandoned = false
  #idle: (() => void)[] = []

  constructor(runtime: Runtime, events: SettlerEvents) {
    this.#runtime = runtime
    this.#events = events
    this.#traces = runtime.telemetry && new HandOffTraces(runtime.telemetry)
  }

  start(): void {}

  /** Resolves when every ending has gone through or was given up. */
  async stop(): Promise<void> {
    if (this.size === 0 && !this.#scheduled && !this.#isFlushing) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** Gives up what did not go through: its deliveries return to the queue, and their hand-off is repeated there. */
  abandon(): void {
    this.#abandoned = true
    for (const timer of this.#later.values()) timer.cancel()
    this.#later.clear()
    this.#endings = []
    this.#started.clear()
    this.#traces?.abandon(new MachineryError('ERR_CLOSED', 'the worker was closed before it was stored'))
  }

  /** Endings that are not settled yet. */
  get size(): number {
    return this.#endings.length + this.#inFlight + this.#later.size
  }

  /** A first delivery has begun to run. */
  started(held: Held): void {
    if (this.#abandoned) return
    this.#started.add(held)
    this.#schedule()
  }

  /** A delivery ends like this. */
  end(ending: Ending): void {
    this.#started.delete(ending.held)
    if (this.#abandoned) return
    this.#traces?.begin(ending)
    this.#endings.push(ending)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#isFlushing) return
    this.#scheduled = true
    this.#runtime.clock.defer(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    const batch = this.#endings.splice(0, MAX_BATCH)
    this.#scheduled = false
    this.#isFlushing = true
    this.#inFlight = batch.length
    try {
      await this.#recordStarts()
    } catch (error) {
      this.#events.onError(error)
    }
    await this.#finish(batch)
    this.#isFlushing = false
    if (this.#endings.length > 0 || this.#started.size > 0) this.#schedule()
    else if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #recordStarts(): Promise<void> {
    if (this.#started.size === 0) return
    const writes = [...this.#started]
      .filter((held) => held.hasState && !held.ended)
      .map((held) => this.#begin(held))
    this.#started.clear()
    if (writes.length > 0) await this.#runtime.backend?.tasks.begin(writes)
  }

  #begin(held: Held): BeginWrite {
    return {
      uuid: held.message.uuid,
      taskName: held.message.name,
      expiresInMs: this.#runtime.resultsExpireInMs,
      token: held.delivery.id,
      digest: messageDigest(held.delivery.body),
      ifFirst: true,
    }
  }

  async #finish(batch: readonly Ending[]): Promise<void> {
    if (batch.length === 0) return
    const { sameStore } = this.#runtime
    const fused = sameStore === undefined ? [] : batch.filter(isFusable)
    const generic = sameStore === undefined ? [...batch] : batch.filter((ending) => !isFusable(ending))
    if (sameStore !== undefined && fused.length > 0) {
      const trigger: Ending[] = []
      await this.#guard(fused, async () => {
        const outcomes = await sameStore.finish(fused.map(toUnit))
        fused.forEach((ending, index) => {
          const outcome = outcomes[index]
          if (outcome === 'done') this.#verdict(ending, 'done')
          else if (outcome === 'trigger') trigger.push(ending)
          else generic.push(ending)
        })
      })
      await this.#guard(trigger, async () =>
        this.#verdicts(trigger, await triggerAndSettle(this.#runtime, trigger, this.#events.onError)),
      )
    }
    await this.#guard(generic, async () =>
      this.#verdicts(generic, await finishOverTwoPorts(this.#runtime, generic, this.#events.onError)),
    )
  }

  async #guard(endings: readonly Ending[], work: () => Promise<void>): Promise<void> {
    if (endings.length === 0) return
    try {
      await work()
    } catch (error) {
      this.#events.onError(error)
      const isClosed = isMachineryError(error, 'ERR_CLOSED')
      for (const ending of endings) {
        if (isClosed) this.#traces?.end(ending, error)
        this.#verdict(ending, isClosed ? 'done' : 'again')
      }
    }
  }

  #verdicts(endings: readonly Ending[], verdicts: readonly Verdict[]): void {
    endings.forEach((ending, index) => this.#verdict(ending, verdicts[index] ?? 'done'))
  }

  #verdict(ending: Ending, verdict: Verdict): void {
    this.#inFlight -= 1
    if (verdict === 'done') this.#traces?.done(ending)
    else if (verdict === 'fenced') this.#traces?.end(ending)
    if (verdict === 'done') return this.#events.onSettled(ending.held)
    if (verdict === 'fenced') return this.#events.onFenced(ending.held)
    if (this.#abandoned) return
    ending.failures += 1
    const delayMs = backoffMs(this.#runtime.clock, ending.failures, 20, 5_000)
    this.#runtime.logger.warn(
      { ...logFields(ending.held), failures: ending.failures, retryInMs: Math.round(delayMs) },
      'the end of a task could not be stored; trying again',
    )
    const timer = this.#runtime.clock.setTimer(
      () => {
        this.#later.delete(ending)
        this.end(ending)
      },
      delayMs,
      true,
    )
    this.#later.set(ending, timer)
  }
}

/** What a `FinishUnit` can say. */
function isFusable({ settlement, giveUp }: Ending): boolean {
  return settlement.kind === 'ack' && giveUp === undefined
}

function toUnit(ending: Ending): FinishUnit {
  return {
    deliveryId: ending.held.delivery.id,
    commit: ending.commit,
    retry: ending.retry,
    groups: ending.handOff.groups,
    next: ending.handOff.next,
    fail: ending.handOff.fail,
    finishes: ending.handOff.finishes.map(({ finish }) => finish),
  }
}
