import { url as debuggerUrl } from 'node:inspector'
import { isMainThread, Worker } from 'node:worker_threads'

import type { Timer } from '../../core/clock.ts'
import type { FromLeaseThread, LeaseThreadData, ToLeaseThread } from './sqlite-lease-messages.ts'
import type { SqliteSettings } from './sqlite-options.ts'

// The thread is a file of its own, with the extension of this one: .ts in the repository, .js in the package.
const THREAD = new URL(
  `./sqlite-lease-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
)
const RESTART_MS = 1_000

/** The main thread's side of the leases of one store: runs the thread that renews them while there are consumers. */
export class SqliteLease {
  readonly #settings: SqliteSettings
  readonly #data: LeaseThreadData
  readonly #alive: Int32Array
  #worker: Worker | undefined
  #restart: Timer | undefined
  #consumers = 0
  #isClosed = false
  #onDoubt: () => void = () => {}

  constructor(settings: SqliteSettings, file: string, session: string) {
    const { leaseMs, maxBlockMs, blockWarningMs } = settings
    const alive = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    // The inspector only knows the main thread, and who debugs it blocks it on purpose.
    const canInspect = isMainThread && debuggerUrl() === undefined
    this.#settings = settings
    this.#alive = new Int32Array(alive)
    this.#data = { file, session, leaseMs, maxBlockMs, blockWarningMs, alive, canInspect }
  }

  /** `listener` is called when leases may be lost. */
  onDoubt(listener: () => void): void {
    this.#onDoubt = listener
  }

  /** A consumer was registered. */
  join(): void {
    this.#consumers++
    if (this.#worker === undefined) this.#start()
    else this.#tellCount()
  }

  /** A consumer is about to be removed. */
  leave(): void {
    this.#consumers--
    this.#tellCount()
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
    if (this.#isClosed) return
    const worker = new Worker(THREAD, {
      workerData: this.#data,
      name: 'machinery-sqlite-lease',
      // The flags of the process are meant for its main thread: loaders, profilers, debuggers.
      execArgv: [],
    })
    worker.on('message', (message: FromLeaseThread) => this.#receive(message))
    worker.on('error', (error: unknown) => this.#settings.logger.error({ error }, 'the lease thread failed'))
    worker.on('exit', () => this.#onExit(worker))
    worker.unref()
    this.#worker = worker
    this.#tellCount()
  }

  #onExit(worker: Worker): void {
    if (this.#isClosed || this.#worker !== worker) return
    this.#worker = undefined
    this.#restart = this.#settings.clock.setTimer(() => {
      if (this.#worker === undefined && this.#consumers > 0) this.#start()
    }, RESTART_MS)
  }

  #receive(message: FromLeaseThread): void {
    const { logger } = this.#settings
    if (message.kind === 'ping') {
      Atomics.add(this.#alive, 0, 1)
    } else if (message.kind === 'doubt') {
      this.#onDoubt()
    } else if (message.kind === 'failed') {
      logger.warn({ reason: message.text }, 'a lease could not be renewed; it is tried again')
    } else {
      const { blockedMs, stack } = message
      const [place] = stack
      const by = place === undefined ? '' : ` by ${place.functionName} (${place.file}:${place.line})`
      logger.warn({ blockedMs, ...place, stack }, `the event loop was blocked for ${blockedMs} ms${by}`)
    }
  }

  #tellCount(): void {
    this.#tell({ kind: 'consumers', count: this.#consumers })
  }

  #tell(message: ToLeaseThread): void {
    this.#worker?.postMessage(message)
  }
}
