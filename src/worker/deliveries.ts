import type { Consumer, Delivery } from '../core/ports/broker.ts'
import type { Runtime } from '../server/runtime.ts'
import { settleEnding } from './ending.ts'
import type { Executor } from './executor.ts'
import { logFields, type Held } from './held.ts'
import { Parking } from './parking.ts'
import type { Pauses } from './pauses.ts'
import type { RunQueue } from './run-queue.ts'
import { endRun } from './run-trace.ts'
import type { Settler } from './settler.ts'

/** What the deliveries of a worker go through. */
export interface DeliveriesParts {
  readonly runtime: Runtime
  readonly executor: Executor
  readonly queue: RunQueue
  readonly settler: Settler
  readonly pauses: Pauses
  readonly onError: (error: unknown) => void
}

/**
 * All that a worker holds, from the claim to the settlement. A delivery is considered → waits in the run queue → runs → has its ending
 * stored → is gone. One whose task another run owns is parked instead, and considered again.
 */
export class Deliveries {
  readonly #parts: DeliveriesParts
  readonly #held = new Map<string, Held>()
  readonly #parking: Parking

  constructor(parts: DeliveriesParts) {
    this.#parts = parts
    const { runtime, onError } = parts
    this.#parking = new Parking(runtime, { onLook: (held) => this.#lookAgain(held), onError })
  }

  /** Every one, also those whose end is decided and not yet stored. */
  get held(): Iterable<Held> {
    return this.#held.values()
  }

  /** Takes what was claimed. @throws what the backend throws; what was claimed is given back then. */
  async accept(consumer: Consumer, deliveries: readonly Delivery[]): Promise<void> {
    const { executor, runtime } = this.#parts
    const { all, readable } = executor.hold(consumer, deliveries)
    for (const held of all) this.#held.set(held.delivery.id, held)
    const [first] = all
    const trace = first && runtime.telemetry?.receive(first.delivery.queue, all)
    try {
      await this.#consider(readable)
      trace?.end()
    } catch (error) {
      trace?.end(error)
      throw error
    }
  }

  /** They are not ours any more: their handlers should end, what they answer may still be the first to commit. */
  lost(ids: readonly string[]): void {
    const { logger, telemetry } = this.#parts.runtime
    for (const id of ids) {
      const held = this.#held.get(id)
      if (held === undefined) continue
      logger.warn(logFields(held), 'lease lost: the task may run elsewhere')
      telemetry?.leaseLost(held)
      held.isLost = true
      held.abort?.('leaseLost')
    }
  }

  /** Back to its queue, uncounted, unless its end is decided. */
  giveBack(held: Held): void {
    if (held.ended) return
    held.ended = true
    held.abort?.('shutdown')
    endRun(this.#parts.runtime, held, 'released')
    this.#parts.settler.end(
      settleEnding(held, { id: held.delivery.id, kind: 'release', delayMs: 0, counted: false }),
    )
  }

  /** What waits here and must not start now returns to its queue. */
  giveBackPaused(): void {
    for (const held of this.#parts.queue.takeOut((one) => this.#isPaused(one))) this.giveBack(held)
  }

  /** It is settled, or lost for good. */
  settled(held: Held): void {
    this.#held.delete(held.delivery.id)
    this.#parts.queue.pump()
  }

  /** Another run owns its task. One that is lost is the business of whoever has it now. */
  fenced(held: Held): void {
    if (held.isLost) this.settled(held)
    else this.#parking.park(held)
  }

  /** Parks nothing more; what is parked returns to its queue with its consumer. */
  async stopParking(): Promise<void> {
    await this.#parking.stop()
  }

  /** An error while the states are read leaves them as they are: they are given back, not counted. */
  async #consider(helds: readonly Held[]): Promise<void> {
    const { executor, queue } = this.#parts
    try {
      const runnable = await executor.consider(helds)
      queue.add(runnable.filter((held) => this.#isWanted(held)))
    } catch (error) {
      for (const held of helds) this.giveBack(held)
      throw error
    }
  }

  /** A pause may have come while states were read and begins stored. */
  #isWanted(held: Held): boolean {
    if (!this.#isPaused(held)) return true
    this.giveBack(held)
    return false
  }

  #isPaused({ delivery, message }: Held): boolean {
    const { pauses } = this.#parts
    return pauses.isHeldBack(delivery.queue) || pauses.isTaskPaused(message.name)
  }

  #lookAgain(held: Held): void {
    const before = this.#held.get(held.delivery.id)
    if (before === undefined) return
    if (before.isLost) return this.settled(before)
    const again: Held = { ...held, ...NOT_BEGUN }
    this.#held.set(held.delivery.id, again)
    this.#consider([again]).catch((error: unknown) => this.#parts.onError(error))
  }
}

const NOT_BEGUN = {
  begun: false,
  ended: false,
  startedAt: undefined,
  abort: undefined,
  abortedBy: undefined,
  run: undefined,
} satisfies Partial<Held>
