import type { Timer } from '../../core/clock.ts'
import { LeaseThreadOwner, threadFile } from '../shared/lease-thread-owner.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { LeaseHolder, RedisHeld, RedisLeaseNews } from './redis-lease-messages.ts'
import type { RedisSettings } from './redis-options.ts'
import { FLAGS_VERSION, scriptText } from './redis-script.ts'
import type { RedisTarget } from './redis-target.ts'

/**
 * The main thread's side of the leases of one store: while there are consumers, a thread beats for them. Until it does, and
 * where a client was given, of which the thread cannot have a copy, the event loop beats: then a handler that blocks it for a
 * whole lease loses the lease.
 */
export class RedisLease {
  readonly #settings: RedisSettings
  readonly #connection: RedisConnection
  readonly #holders = new Map<string, LeaseHolder & { readonly onLost: () => void }>()
  readonly #thread: LeaseThreadOwner<RedisHeld, RedisLeaseNews> | undefined
  #nextBeat: Timer | undefined
  #isThreadBeating = false
  #isClosed = false

  constructor(settings: RedisSettings, connection: RedisConnection, target: RedisTarget | undefined) {
    this.#settings = settings
    this.#connection = connection
    if (target === undefined || !isTransferable(target)) return
    const { connectTimeoutMs, commandTimeoutMs } = settings
    const beat = scriptText('beat', connection.facts.version >= FLAGS_VERSION)
    this.#thread = new LeaseThreadOwner({
      file: threadFile(import.meta.url, 'redis-lease-thread'),
      name: 'machinery-redis-lease',
      settings,
      data: { target, beat, connectTimeoutMs, commandTimeoutMs },
      onNews: (news) => this.#receive(news),
      onEnd: () => {
        this.#isThreadBeating = false
        this.#beatLater()
      },
    })
  }

  /** A consumer was registered; `onLost` is called when it is found not to be any more. */
  join(holder: LeaseHolder, onLost: () => void): void {
    this.#holders.set(holder.consumer, { ...holder, onLost })
    this.#beatLater()
    this.#tellHolders()
  }

  /** A consumer is about to be removed, or was. */
  leave(consumer: string): void {
    if (this.#holders.delete(consumer)) this.#tellHolders()
  }

  /** Renews the leases for at least `ms`, also while the event loop is blocked for longer than it may be. */
  extend(ms: number): void {
    this.#thread?.extend(ms)
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#nextBeat?.cancel()
    await this.#thread?.close()
  }

  #receive(news: RedisLeaseNews): void {
    if (news.kind === 'ready') this.#isThreadBeating = true
    else this.#holders.get(news.consumer)?.onLost()
  }

  #tellHolders(): void {
    const holders = [...this.#holders.values()].map(({ registry, consumer }) => ({ registry, consumer }))
    this.#thread?.hold({ count: holders.length, holders })
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
