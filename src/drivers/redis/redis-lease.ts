import { url as debuggerUrl } from 'node:inspector'
import { isMainThread, Worker } from 'node:worker_threads'

import type { Timer } from '../../core/clock.ts'
import { LUA } from './generated/lua-sources.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { FromLeaseThread, LeaseHolder, LeaseThreadData, ToLeaseThread } from './redis-lease-messages.ts'
import type { RedisSettings } from './redis-options.ts'
import type { RedisTarget } from './redis-target.ts'

// The thread is a file of its own, with the extension of this one: .ts in the repository, .js in the package.
const THREAD = new URL(
  `./redis-lease-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
)
const RESTART_MS = 1_000

/**
 * The main thread's side of the leases of one store: while there are consumers, a thread beats for them. Until it does, and
 * where a client was given, of which the thread cannot have a copy, the event loop beats: then a handler that blocks it for a
 * whole lease loses the lease.
 */
export class RedisLease {
  readonly #settings: RedisSettings
  readonly #connection: RedisConnection
  readonly #data: LeaseThreadData | undefined
  readonly #alive: Int32Array
  readonly #holders = new Map<string, LeaseHolder & { readonly onLost: () => void }>()
  #worker: Worker | undefined
  #restart: Timer | undefined
  #nextBeat: Timer | undefined
  #isThreadBeating = false
  #isClosed = false

  constructor(settings: RedisSettings, connection: RedisConnection, target: RedisTarget | undefined) {
    const alive = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    const { leaseMs, maxBlockMs, blockWarningMs, connectTimeoutMs, commandTimeoutMs } = settings
    this.#settings = settings
    this.#connection = connection
    this.#alive = new Int32Array(alive)
    if (target === undefined || !isTransferable(target)) return
    const times = { leaseMs, maxBlockMs, blockWarningMs, connectTimeoutMs, commandTimeoutMs }
    // The inspector only knows the main thread, and who debugs it blocks it on purpose.
    const canInspect = isMainThread && debuggerUrl() === undefined
    const flags = connection.facts.version >= 700 ? '#!lua flags=allow-oom\n' : ''
    this.#data = { ...times, target, alive, canInspect, beat: flags + LUA.beat.text }
  }

  /** A consumer was registered; `onLost` is called when it is found not to be any more. */
  join(holder: LeaseHolder, onLost: () => void): void {
    this.#holders.set(holder.consumer, { ...holder, onLost })
    this.#beatLater()
    if (this.#data === undefined) return
    if (this.#worker === undefined) this.#start(this.#data)
    else this.#tellHolders()
  }

  /** A consumer is about to be removed, or was. */
  leave(consumer: string): void {
    if (this.#holders.delete(consumer)) this.#tellHolders()
  }

  /** Renews the leases for at least `ms`, also while the event loop is blocked for longer than it may be. */
  extend(ms: number): void {
    this.#tell({ kind: 'extend', ms })
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#restart?.cancel()
    this.#nextBeat?.cancel()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(data: LeaseThreadData): void {
    if (this.#isClosed) return
    const worker = new Worker(THREAD, {
      workerData: data,
      name: 'machinery-redis-lease',
      // The flags of the process are meant for its main thread: loaders, profilers, debuggers.
      execArgv: [],
    })
    worker.on('message', (message: FromLeaseThread) => this.#receive(message))
    worker.on('error', (error: unknown) => this.#settings.logger.error({ error }, 'the lease thread failed'))
    worker.on('exit', () => this.#onExit(worker, data))
    worker.unref()
    this.#worker = worker
    this.#tellHolders()
  }

  #onExit(worker: Worker, data: LeaseThreadData): void {
    if (this.#isClosed || this.#worker !== worker) return
    this.#worker = undefined
    this.#isThreadBeating = false
    this.#beatLater()
    this.#restart = this.#settings.clock.setTimer(() => {
      if (this.#worker === undefined && this.#holders.size > 0) this.#start(data)
    }, RESTART_MS)
  }

  #receive(message: FromLeaseThread): void {
    const { logger } = this.#settings
    if (message.kind === 'ready') {
      this.#isThreadBeating = true
    } else if (message.kind === 'ping') {
      Atomics.add(this.#alive, 0, 1)
    } else if (message.kind === 'lost') {
      this.#holders.get(message.consumer)?.onLost()
    } else if (message.kind === 'failed') {
      logger.warn({ reason: message.text }, 'a lease could not be renewed; it is tried again')
    } else {
      const { blockedMs, stack } = message
      const [place] = stack
      const by = place === undefined ? '' : ` by ${place.functionName} (${place.file}:${place.line})`
      logger.warn({ blockedMs, ...place, stack }, `the event loop was blocked for ${blockedMs} ms${by}`)
    }
  }

  #tellHolders(): void {
    const holders = [...this.#holders.values()].map(({ registry, consumer }) => ({ registry, consumer }))
    this.#tell({ kind: 'holders', holders })
  }

  #tell(message: ToLeaseThread): void {
    this.#worker?.postMessage(message)
  }

  /** Until the thread beats, and where there is none. */
  #beatLater(): void {
    if (this.#isClosed || this.#isThreadBeating || this.#nextBeat !== undefined) return
    const { clock, leaseMs } = this.#settings
    this.#nextBeat = clock.setTimer(() => {
      this.#nextBeat = undefined
      if (this.#isThreadBeating) return
      for (const holder of this.#holders.values()) void this.#beat(holder)
      if (this.#holders.size > 0) this.#beatLater()
    }, leaseMs / 3)
  }

  async #beat({ registry, consumer, onLost }: LeaseHolder & { readonly onLost: () => void }): Promise<void> {
    try {
      if ((await this.#connection.script('beat', [registry], [consumer])) === 0) onLost()
    } catch (error) {
      if (!this.#isClosed)
        this.#settings.logger.warn({ error }, 'a lease could not be renewed; it is tried again')
    }
  }
}

/** Functions among the options of TLS stay in the main thread. */
function isTransferable(target: RedisTarget): boolean {
  try {
    structuredClone(target)
    return true
  } catch {
    return false
  }
}
