import { isMachineryError } from '../core/errors.ts'
import type { Chore } from '../core/ports/broker.ts'
import type { ControlStore } from '../core/ports/control-store.ts'
import { CONTROL_AREAS, type OrderKind } from '../server/control-areas.ts'
import type { Runtime } from '../server/runtime.ts'
import type { WorkerStatus } from '../server/worker-status.ts'
import { CancelWatch } from './cancel-watch.ts'
import type { Held } from './held.ts'
import { Orders } from './orders.ts'
import type { Pauses } from './pauses.ts'
import { Presence } from './presence.ts'
import { ProgressReports } from './progress-reports.ts'
import { withDeadline } from './shutdown.ts'

/** How often a worker looks at orders, pauses and cancelled tasks: with the jitter of chores less than a second. */
const LOOK_MS = 900
/** Longest wait of a shutdown for the registry: the entry runs out by itself. */
const FAREWELL_MS = 1_000

/** What can be done to a worker from afar. */
export interface RemoteControlled {
  readonly id: string
  /** 0: it is not in the registry and takes no orders. */
  readonly heartbeatMs: number
  readonly pauses: Pauses
  /** Deliveries that it holds. */
  readonly held: () => Iterable<Held>
  readonly status: () => WorkerStatus
  readonly resize: (concurrency: number) => Promise<void>
  /** What is taken has changed. */
  readonly onPauses: () => void
  readonly stop: () => void
}

/**
 * The side of a worker that other processes see and reach: registry, orders, pauses and cancelled tasks. Trouble with the store is
 * logged once, until it is over, and stops nothing.
 */
export class RemoteControl {
  readonly progress: ProgressReports
  readonly #runtime: Runtime
  readonly #worker: RemoteControlled
  readonly #cancels: CancelWatch
  readonly #control: ControlStore | undefined
  readonly #orders: Orders | undefined
  readonly #presence: Presence | undefined
  readonly #failing = new Set<string>()
  #isOpen = false
  #beatAt = 0
  #pong = ''

  constructor(runtime: Runtime, worker: RemoteControlled) {
    this.#runtime = runtime
    this.#worker = worker
    this.progress = new ProgressReports(runtime)
    this.#cancels = new CancelWatch(runtime, worker.held)
    this.#control = worker.heartbeatMs > 0 ? runtime.control : undefined
    if (this.#control === undefined) return
    this.#orders = new Orders(this.#control, worker.id)
    const status = () => ({ ...worker.status(), pong: this.#pong })
    this.#presence = new Presence(this.#control, worker.id, status)
  }

  /** For the chore runner; none without a backend. */
  get chores(): readonly Chore[] {
    if (this.#runtime.backend === undefined) return []
    return [{ name: 'remote-control', run: () => this.#look() }]
  }

  /** Before the first claim: learns what is paused, and registers. */
  async open(): Promise<void> {
    this.#isOpen = true
    await this.#guard('pauses', () => this.#readPauses())
    await this.#beat()
  }

  /** Stores what was told of progress, and unregisters. */
  async close(): Promise<void> {
    if (!this.#isOpen) return
    const { clock } = this.#runtime
    const farewell = this.#guard('registry', async () => {
      await Promise.all([this.progress.stop(), this.#presence?.remove(), this.#orders?.remove()])
    })
    await withDeadline(clock, farewell, FAREWELL_MS)
  }

  async #look(): Promise<{ readonly nextInMs: number }> {
    const [isOrdered, isChanged] = await Promise.all([
      this.#guard('orders', () => this.#readOrders()),
      this.#guard('pauses', () => this.#readPauses()),
      this.#guard('cancelled tasks', () => this.#cancels.look()),
    ])
    const sinceBeat = this.#runtime.clock.monotonic() - this.#beatAt
    if (isOrdered === true || isChanged === true || sinceBeat >= this.#worker.heartbeatMs - LOOK_MS / 2)
      await this.#beat()
    return { nextInMs: LOOK_MS }
  }

  async #beat(): Promise<void> {
    await this.#guard('registry', async () => {
      await this.#presence?.write()
      this.#beatAt = this.#runtime.clock.monotonic()
    })
  }

  /** Answers whether they have changed. */
  async #readPauses(): Promise<boolean> {
    const entries = (await this.#control?.list(CONTROL_AREAS.pauses)) ?? []
    const isChanged = this.#worker.pauses.replace(entries.map(({ key }) => key))
    if (isChanged) this.#worker.onPauses()
    return isChanged
  }

  /** Each by itself: one that fails keeps no other from being obeyed. Answers whether one was. */
  async #readOrders(): Promise<boolean> {
    const orders = this.#orders
    let isObeyed = false
    for (const order of (await orders?.read()) ?? []) {
      await this.#guard(`order ${order.kind}`, async () => {
        await orders?.obey(order, (value) => this.#obey(order.kind, value))
        isObeyed = true
      })
    }
    return isObeyed
  }

  async #obey(kind: OrderKind, value: string): Promise<void> {
    const { pauses, onPauses, resize, stop } = this.#worker
    if (kind === 'ping') this.#pong = value
    else if (kind === 'concurrency') await resize(Number(value))
    else if (kind === 'stop') stop()
    else {
      pauses.isQuiet = value === 'yes'
      onPauses()
    }
    if (kind !== 'ping') this.#runtime.logger.info({ order: kind, value }, 'order obeyed')
  }

  async #guard<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const { logger } = this.#runtime
    try {
      const answer = await work()
      if (this.#failing.delete(what)) logger.info({ what }, 'remote control works again')
      return answer
    } catch (error) {
      if (isMachineryError(error, 'ERR_CLOSED') || this.#failing.has(what)) return undefined
      this.#failing.add(what)
      logger.warn({ what, err: error }, 'remote control has trouble; it is tried again')
      return undefined
    }
  }
}
