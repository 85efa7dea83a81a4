import type { Timer } from '../../core/clock.ts'
import type { OpenRedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisError } from './redis-errors.ts'
import type { RedisSettings } from './redis-options.ts'

type Listener = (text: string, channel: string) => void

/** How often an idle connection is asked whether it is still there. */
const PING_MS = 10_000
/** Channels that nobody listens to any more are left together: most are those of one task. */
const LEAVE_MS = 100

/** The one connection of a store that listens to channels; there is none while nobody listens. */
export class RedisSubscriber {
  readonly #connection: RedisConnection
  readonly #settings: RedisSettings
  readonly #listeners = new Map<string, Set<Listener>>()
  /** Subscriptions that are confirmed, or on their way. */
  readonly #subscribed = new Map<string, Promise<unknown>>()
  /** Subscriptions of this turn, which go out together. */
  #joining: { readonly channels: string[]; readonly done: Promise<unknown> } | undefined
  readonly #unused = new Set<string>()
  #leave: Timer | undefined
  #client: Promise<OpenRedisClient> | undefined
  #ping: Timer | undefined
  #isClosed = false

  constructor(connection: RedisConnection, settings: RedisSettings) {
    this.#connection = connection
    this.#settings = settings
  }

  /**
   * Resolves when everything that is published from here on calls `listener`. After a lost connection it is called without a
   * text: something may have been missed. The answer ends it.
   * @throws `ERR_CONNECT_FAILED`, `ERR_CONNECTION_LOST`
   */
  async listen(channels: readonly string[], listener: Listener): Promise<() => void> {
    const mine: Listener = (text, channel) => listener(text, channel)
    for (const channel of channels) {
      const listeners = this.#listeners.get(channel)
      if (listeners === undefined) this.#listeners.set(channel, new Set([mine]))
      else listeners.add(mine)
    }
    const stop = (): void => this.#stop(channels, mine)
    try {
      await this.#subscribe(channels)
      return stop
    } catch (error) {
      stop()
      throw redisError(error, this.#connection.name)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#listeners.clear()
    this.#disconnect()
  }

  async #subscribe(channels: readonly string[]): Promise<void> {
    const client = await this.#connected()
    const fresh = channels.filter((channel) => !this.#subscribed.has(channel))
    if (fresh.length > 0) {
      const subscribing = this.#join(client, fresh)
      for (const channel of fresh) this.#subscribed.set(channel, subscribing)
      subscribing.catch(() => {
        for (const channel of fresh) {
          if (this.#subscribed.get(channel) === subscribing) this.#subscribed.delete(channel)
        }
      })
    }
    await Promise.all(channels.map(async (channel) => this.#subscribed.get(channel)))
  }

  #join(client: OpenRedisClient, channels: readonly string[]): Promise<unknown> {
    if (this.#joining === undefined) {
      const all: string[] = []
      const turn = new Promise<void>((resolve) => this.#settings.clock.defer(resolve))
      const done = turn.then(() => {
        this.#joining = undefined
        return client.subscribe(...all)
      })
      this.#joining = { channels: all, done }
    }
    this.#joining.channels.push(...channels)
    return this.#joining.done
  }

  #stop(channels: readonly string[], mine: Listener): void {
    for (const channel of channels) {
      const listeners = this.#listeners.get(channel)
      if (listeners?.delete(mine) !== true || listeners.size > 0) continue
      this.#listeners.delete(channel)
      this.#unused.add(channel)
    }
    if (this.#unused.size === 0 || this.#isClosed) return
    this.#leave ??= this.#settings.clock.setTimer(() => this.#leaveUnused(), LEAVE_MS)
  }

  #leaveUnused(): void {
    this.#leave = undefined
    const channels = [...this.#unused].filter((channel) => !this.#listeners.has(channel))
    this.#unused.clear()
    const ended = channels.filter((channel) => this.#subscribed.delete(channel))
    if (ended.length === 0) return
    this.#client?.then((client) => client.unsubscribe(...ended)).catch(() => {})
  }

  #connected(): Promise<OpenRedisClient> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  async #connect(): Promise<OpenRedisClient> {
    const client = await this.#connection.openExtra('subscriber')
    if (this.#isClosed) client.disconnect()
    this.#connection.requireOpen('store')
    client.on('message', (channel: string, text: string) => this.#tell(channel, text))
    // The library subscribes again by itself; what was published meanwhile is gone. An answer on the same connection means that
    // the subscriptions before it are in effect: whoever looks then misses nothing.
    client.on('ready', () => {
      client
        .callBuffer('ping', [])
        .then(() => {
          for (const channel of this.#listeners.keys()) this.#tell(channel, '')
        })
        .catch(() => {})
    })
    client.on('end', () => this.#disconnect())
    this.#pingLater(client)
    return client
  }

  #pingLater(client: OpenRedisClient): void {
    if (this.#isClosed) return
    this.#ping = this.#settings.clock.setTimer(() => {
      const answer = client.status === 'ready' ? client.callBuffer('ping', []) : Promise.resolve()
      answer.catch(() => client.disconnect(true)).finally(() => this.#pingLater(client))
    }, PING_MS)
  }

  #tell(channel: string, text: string): void {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener(text, channel)
  }

  #disconnect(): void {
    this.#ping?.cancel()
    this.#leave?.cancel()
    this.#leave = undefined
    this.#unused.clear()
    this.#subscribed.clear()
    const client = this.#client
    this.#client = undefined
    client?.then((open) => open.disconnect()).catch(() => {})
  }
}
