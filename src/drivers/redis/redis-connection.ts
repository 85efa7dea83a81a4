import { MachineryError } from '../../core/errors.ts'
import type { RedisArgument, OpenRedisClient } from './redis-client.ts'
import type { ConnectionRole, RedisConnector } from './redis-connector.ts'
import { isAuthError, isTimeout, isUnknownScript, redisError } from './redis-errors.ts'
import type { RedisSettings } from './redis-options.ts'
import { FLAGS_VERSION, type RedisScript, redisScripts, type ScriptName } from './redis-script.ts'
import { type ServerFacts, serverFacts, warnOfRisks } from './redis-server-facts.ts'

/** Operations that may wait for a lost connection to come back; more are refused at once. */
const MAX_WAITING = 10_000
/** BLMOVE; scripts that read the time and write. */
const OLDEST_VERSION = 602
const WAITAOF_VERSION = 702

/** The connection over which one store sends all commands that do not block, and the means to open others. */
export class RedisConnection {
  readonly name: string
  readonly isCluster: boolean
  readonly facts: ServerFacts
  readonly #connector: RedisConnector
  readonly #settings: RedisSettings
  readonly #scripts: Readonly<Record<ScriptName, RedisScript>>
  #client: OpenRedisClient
  #becoming: Promise<OpenRedisClient> | undefined
  #waiting = 0
  #isClosed = false

  private constructor(
    connector: RedisConnector,
    settings: RedisSettings,
    client: OpenRedisClient,
    facts: ServerFacts,
  ) {
    this.name = connector.name
    this.isCluster = connector.isCluster
    this.facts = facts
    this.#connector = connector
    this.#settings = settings
    this.#scripts = redisScripts(facts.version >= FLAGS_VERSION)
    this.#client = this.#adopt(client)
  }

  /** @throws `ERR_CONNECT_FAILED`; `ERR_UNSUPPORTED` for a server that is too old */
  static async open(connector: RedisConnector, settings: RedisSettings): Promise<RedisConnection> {
    const client = await connector.open('command')
    try {
      const facts = serverFacts(String(await client.callBuffer('info', [])))
      requireVersion(facts, OLDEST_VERSION, 'redis', connector.name)
      if (settings.durability === 'fsync')
        requireVersion(facts, WAITAOF_VERSION, "durability 'fsync'", connector.name)
      warnOfRisks(facts, settings.durability === 'replicated', connector.name, settings.logger)
      return new RedisConnection(connector, settings, client, facts)
    } catch (error) {
      client.disconnect()
      throw redisError(error, connector.name)
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Sends one command; texts in the answer are bytes. `onSent` as in `script`.
   * @throws a `MachineryError`, see `redisError`; `ERR_CLOSED`
   */
  async command(
    command: string,
    args: RedisArgument[],
    onSent?: (client: OpenRedisClient) => void,
  ): Promise<unknown> {
    const client = isWritable(this.#client) ? this.#client : await this.#usable()
    try {
      const answer = client.callBuffer(command, args)
      onSent?.(client)
      return await answer
    } catch (error) {
      throw this.#failure(client, error)
    }
  }

  /**
   * Runs a script, which the server is given when it does not know it. `onSent` is called right after it was sent, on
   * `client`, each time: what it sends there comes behind the script.
   * @throws as `command`
   */
  async script(
    name: ScriptName,
    keys: readonly string[],
    args: readonly RedisArgument[],
    onSent?: (client: OpenRedisClient) => void,
  ): Promise<unknown> {
    const { digest, text } = this.#scripts[name]
    const client = isWritable(this.#client) ? this.#client : await this.#usable()
    const all: RedisArgument[] = [digest, String(keys.length), ...keys, ...args]
    const send = (command: string): Promise<unknown> => {
      const answer = client.callBuffer(command, all)
      onSent?.(client)
      return answer
    }
    try {
      return await send('evalsha').catch((error: unknown) => {
        if (!isUnknownScript(error)) throw error
        all[0] = text
        return send('eval')
      })
    } catch (error) {
      throw this.#failure(client, error)
    }
  }

  /** A connection of its own; the caller disconnects it. @throws `ERR_CONNECT_FAILED` */
  openExtra(role: ConnectionRole): Promise<OpenRedisClient> {
    return this.#connector.open(role)
  }

  /** Idempotent. What is under way fails. */
  close(): void {
    this.#isClosed = true
    this.#client.disconnect()
  }

  /** @throws `ERR_CLOSED` */
  requireOpen(part: string): void {
    if (this.#isClosed) throw new MachineryError('ERR_CLOSED', `the ${part} of ${this.name} is closed`)
  }

  #adopt(client: OpenRedisClient): OpenRedisClient {
    client.on('error', (error: Error) => {
      // Only a function can know a new password; a fresh client is made when it is needed.
      if (isAuthError(error) && this.#connector.target === undefined) client.disconnect()
    })
    return client
  }

  async #usable(): Promise<OpenRedisClient> {
    this.requireOpen('store')
    if (this.#waiting >= MAX_WAITING)
      throw this.#notSent(`${MAX_WAITING} operations wait for a connection already`)
    this.#waiting++
    try {
      this.#becoming ??= this.#become().finally(() => (this.#becoming = undefined))
      return await this.#becoming
    } finally {
      this.#waiting--
    }
  }

  async #become(): Promise<OpenRedisClient> {
    const client = this.#client
    if (client.status !== 'end') return this.#untilReady(client)
    const fresh = this.#adopt(await this.#connector.open('command'))
    if (this.#isClosed) fresh.disconnect()
    this.requireOpen('store')
    this.#client = fresh
    return fresh
  }

  #untilReady(client: OpenRedisClient): Promise<OpenRedisClient> {
    const { clock, connectTimeoutMs } = this.#settings
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        timer.cancel()
        client.off('ready', onReady)
        client.off('end', onEnd)
      }
      const onReady = (): void => {
        stop()
        resolve(client)
      }
      const onEnd = (): void => {
        stop()
        reject(this.#notSent('the connection was closed'))
      }
      const timer = clock.setTimer(
        () => {
          stop()
          reject(this.#notSent(`there was no connection for ${connectTimeoutMs} ms`))
        },
        connectTimeoutMs,
        true,
      )
      client.on('ready', onReady)
      client.on('end', onEnd)
    })
  }

  #notSent(why: string): MachineryError {
    return new MachineryError('ERR_CONNECTION_LOST', `${this.name}: ${why}`, {
      details: { maybeExecuted: false },
    })
  }

  #failure(client: OpenRedisClient, error: unknown): MachineryError {
    if (this.#isClosed) return new MachineryError('ERR_CLOSED', `${this.name} is closed`, { cause: error })
    // Whoever waits on a half-open connection waits in vain. In a Cluster each node's socket has its own deadline.
    if (isTimeout(error) && !this.isCluster && client.status === 'ready') client.disconnect(true)
    return redisError(error, this.name)
  }
}

/**
 * Whether it takes commands. One whose socket has ended says that it is ready until it hears of the end: what fails in between
 * fails within the same turn, and whoever tries again at once would never let it hear.
 */
function isWritable({ status, stream }: OpenRedisClient): boolean {
  return status === 'ready' && stream?.writable !== false
}

/** @throws `ERR_UNSUPPORTED` */
function requireVersion({ version }: ServerFacts, needed: number, what: string, name: string): void {
  if (version >= needed) return
  const [have, need] = [version, needed].map((number) => `${Math.floor(number / 100)}.${number % 100}`)
  throw new MachineryError('ERR_UNSUPPORTED', `${what} needs Redis ${need}; ${name} is ${have}`)
}
