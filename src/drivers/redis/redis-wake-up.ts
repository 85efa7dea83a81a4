import type { Timer } from '../../core/clock.ts'
import type { OpenRedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisError } from './redis-errors.ts'
import type { QueueKeys } from './redis-keys.ts'
import type { RedisSettings } from './redis-options.ts'

/** A message whose wake-up was lost lies in the landing list until somebody looks. */
const BLOCK_SECONDS = 5
/** Who waits looks after this long also where the blocking connection does not come, or hangs. */
const LOOK_MS = 6_000
const GRACE_MS = 2_000
/** How long the blocked command may take to come back when it is called. */
const UNBLOCK_MS = 500
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Wakes the waiting claims of one queue, by a blocking move to the landing list on a connection of its own. Its answer is
 * only a sign: the message belongs to nobody yet, and any consumer's next STEP takes it. So nothing is lost with an answer.
 */
export class RedisWakeUp {
  readonly #connection: RedisConnection
  readonly #keys: QueueKeys
  readonly #settings: RedisSettings
  readonly #waiters = new Set<() => void>()
  #client: OpenRedisClient | undefined
  #clientId = ''
  #running: Promise<void> | undefined
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined
  #isClosed = false

  constructor(connection: RedisConnection, keys: QueueKeys, settings: RedisSettings) {
    this.#connection = connection
    this.#keys = keys
    this.#settings = settings
  }

  /** Calls `poke` once, when there may be a message. The answer takes it back. */
  wait(poke: () => void): () => void {
    this.#waiters.add(poke)
    if (!this.#isClosed) this.#running ??= this.#run().finally(() => (this.#running = undefined))
    return () => void this.#waiters.delete(poke)
  }

  /** Wakes all that wait. */
  pokeAll(): void {
    const waiting = [...this.#waiters]
    this.#waiters.clear()
    for (const poke of waiting) poke()
  }

  /** Takes the blocked command back first, so that it moves nothing when nobody is there any more. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pause?.timer.cancel()
    this.#pause?.end()
    const client = this.#client
    if (this.#running !== undefined && client !== undefined) await this.#unblock(client, this.#running)
    this.#client?.disconnect()
    await this.#running
    this.#client?.disconnect()
  }

  async #unblock(client: OpenRedisClient, running: Promise<void>): Promise<void> {
    if (this.#clientId === '') return
    const timer = this.#settings.clock.setTimer(() => client.disconnect(), UNBLOCK_MS, true)
    await this.#connection.command('client', ['unblock', this.#clientId]).catch(() => client.disconnect())
    await running
    timer.cancel()
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#waiters.size > 0 && !this.#isClosed;) {
      const stopLooking = this.#keepLooking()
      try {
        await this.#block()
        failures = 0
      } catch (error) {
        if (this.#isClosed) return
        this.#client?.disconnect()
        this.#client = undefined
        const failed = redisError(error, this.#connection.name)
        this.#settings.logger.debug({ error: failed }, 'waiting for messages was interrupted; trying again')
        await this.#sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS))
        // A full server moves nothing but still hands over: whoever waits looks, at this pace.
        this.pokeAll()
      } finally {
        stopLooking()
      }
    }
  }

  /** Whoever waits looks now and then, until the answer is called. */
  #keepLooking(): () => void {
    const { clock } = this.#settings
    let timer: Timer
    const look = (): void => {
      timer = clock.setTimer(() => (this.pokeAll(), look()), LOOK_MS, true)
    }
    look()
    return () => timer.cancel()
  }

  async #block(): Promise<void> {
    const { queue, land } = this.#keys
    const client = (this.#client ??= await this.#connect())
    if (this.#isClosed) return client.disconnect()
    await this.#learnId(client)
    const deadline = this.#settings.clock.setTimer(
      () => client.disconnect(),
      BLOCK_SECONDS * 1_000 + GRACE_MS,
      true,
    )
    try {
      const moved = await client.callBuffer('blmove', [queue, land, 'LEFT', 'RIGHT', String(BLOCK_SECONDS)])
      // Nobody here waits any more, but somebody elsewhere may.
      if (moved !== null && this.#waiters.size === 0) await this.#giveBack()
    } finally {
      deadline.cancel()
    }
    this.pokeAll()
  }

  async #connect(): Promise<OpenRedisClient> {
    const client = await this.#connection.openExtra('blocking')
    this.#clientId = ''
    // The library connects again by itself, and the server gives the new connection a new number.
    client.on('close', () => {
      if (this.#client === client) this.#clientId = ''
    })
    return client
  }

  async #learnId(client: OpenRedisClient): Promise<void> {
    if (this.#clientId !== '' || this.#connection.isCluster) return
    this.#clientId = String(await client.callBuffer('client', ['id']))
  }

  async #giveBack(): Promise<void> {
    const { queue, land } = this.#keys
    await this.#connection.command('lmove', [land, queue, 'RIGHT', 'LEFT'])
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause = undefined
        resolve()
      }
      this.#pause = { timer: this.#settings.clock.setTimer(end, ms, true), end }
    })
  }
}
