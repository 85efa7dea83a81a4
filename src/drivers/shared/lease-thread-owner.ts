import { url as debuggerUrl } from 'node:inspector'
import { isMainThread, Worker } from 'node:worker_threads'

import type { Clock, Timer } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { FromLeaseThread, Held, LeaseThreadData, LeaseTimes, ToLeaseThread } from './lease-messages.ts'

const RESTART_MS = 1_000

/** What the main thread needs to run a lease thread. */
export interface LeaseThreadPlan<N> {
  /** The module that calls `runLeaseLoop`; see `threadFile`. */
  readonly file: URL
  /** Name of the thread, for debuggers and dumps. */
  readonly name: string
  readonly settings: LeaseTimes & { readonly clock: Clock; readonly logger: Logger }
  /** What the driver adds to the data of its thread: plain data. */
  readonly data: object
  readonly onNews: (news: N) => void
  /** The thread ended by itself; another one is started after a second. */
  readonly onEnd?: () => void
}

/** The main thread's side of a lease thread: runs it while there are consumers, answers its pings and logs what it reports. */
export class LeaseThreadOwner<H extends Held, N> {
  readonly #plan: LeaseThreadPlan<N>
  readonly #alive: Int32Array
  readonly #workerData: LeaseThreadData
  #held: H | undefined
  #worker: Worker | undefined
  #restart: Timer | undefined
  #isClosed = false

  constructor(plan: LeaseThreadPlan<N>) {
    const { leaseMs, maxBlockMs, blockWarningMs } = plan.settings
    const alive = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    // The inspector only knows the main thread, and who debugs it blocks it on purpose.
    const canInspect = isMainThread && debuggerUrl() === undefined
    this.#plan = plan
    this.#alive = new Int32Array(alive)
    this.#workerData = { ...plan.data, leaseMs, maxBlockMs, blockWarningMs, alive, canInspect }
  }

  /** Says what the leases are renewed for from now on. Starts the thread when there is something. */
  hold(held: H): void {
    this.#held = held
    if (this.#worker !== undefined) this.#tell({ kind: 'hold', held })
    else if (held.count > 0 && this.#restart === undefined) this.#start()
  }

  /** Renews the leases for at least `ms`, also while the event loop is blocked for longer than it may be. */
  extend(ms: number): void {
    this.#tell({ kind: 'extend', ms })
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#restart?.cancel()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(): void {
    if (this.#isClosed || this.#held === undefined) return
    const { file, name, settings } = this.#plan
    const worker = new Worker(file, {
      workerData: this.#workerData,
      name,
      // The flags of the process are meant for its main thread: loaders, profilers, debuggers.
      execArgv: [],
    })
    worker.on('message', (message: FromLeaseThread<N>) => this.#receive(message))
    worker.on('error', (error: unknown) => settings.logger.error({ error }, 'the lease thread failed'))
    worker.on('exit', () => this.#onExit(worker))
    worker.unref()
    this.#worker = worker
    this.#tell({ kind: 'hold', held: this.#held })
  }

  #onExit(worker: Worker): void {
    if (this.#isClosed || this.#worker !== worker) return
    this.#worker = undefined
    this.#plan.onEnd?.()
    this.#restart = this.#plan.settings.clock.setTimer(() => {
      this.#restart = undefined
      if (this.#held !== undefined && this.#held.count > 0) this.#start()
    }, RESTART_MS)
  }

  #receive(message: FromLeaseThread<N>): void {
    const { logger } = this.#plan.settings
    if (message.kind === 'ping') {
      Atomics.add(this.#alive, 0, 1)
    } else if (message.kind === 'news') {
      this.#plan.onNews(message.news)
    } else if (message.kind === 'failed') {
      logger.warn({ reason: message.text }, 'a lease could not be renewed; it is tried again')
    } else {
      const { blockedMs, stack } = message
      const [place] = stack
      const by = place === undefined ? '' : ` by ${place.functionName} (${place.file}:${place.line})`
      logger.warn({ blockedMs, ...place, stack }, `the event loop was blocked for ${blockedMs} ms${by}`)
    }
  }

  #tell(message: ToLeaseThread<H>): void {
    this.#worker?.postMessage(message)
  }
}

/** The file of a thread beside a module, with the module's extension: `.ts` in the repository, `.js` in the package. */
export function threadFile(moduleUrl: string, name: string): URL {
  return new URL(`./${name}${moduleUrl.slice(moduleUrl.lastIndexOf('.'))}`, moduleUrl)
}
