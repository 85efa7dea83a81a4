import type { Clock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { OpenRedisClient, RedisClient, RedisClientFactory, RedisLibrary } from './redis-client.ts'
import { withoutCommand } from './redis-errors.ts'
import { invalidOption, type RedisSettings } from './redis-options.ts'
import { type RedisTarget, targetName } from './redis-target.ts'

/**
 * `blocking` has no deadline of its own: the caller gives the client up. A client that is `command` or `subscriber` ends a
 * command that is not answered in time.
 */
export type ConnectionRole = 'command' | 'blocking' | 'subscriber'

/** Opens connections to one store. */
export interface RedisConnector {
  readonly name: string
  readonly isCluster: boolean
  /** What the lease thread opens its own connection with; undefined where only the main thread can. */
  readonly target: RedisTarget | undefined
  /** @throws `ERR_CONNECT_FAILED` */
  open(role: ConnectionRole): Promise<OpenRedisClient>
}

const KEEP_ALIVE_MS = 10_000
/** How long a connection that is given up may take to close: the other side may be gone. */
const DISCONNECT_MS = 500
const LONGEST_RETRY_MS = 1_000

/**
 * Options that keep ioredis from sending a command twice and from keeping commands for later without a limit: a command that
 * is under way when the connection is lost fails at once, and one without a connection is refused (client-libraries 3.1).
 */
export function safeOptions(
  {
    connectTimeoutMs,
    commandTimeoutMs,
    clock,
  }: Pick<RedisSettings, 'connectTimeoutMs' | 'commandTimeoutMs'> & {
    readonly clock: Pick<Clock, 'random'>
  },
  role: ConnectionRole,
): Readonly<Record<string, unknown>> {
  const retry = (times: number): number =>
    Math.min(25 * 2 ** times, LONGEST_RETRY_MS) * (0.75 + clock.random() / 4)
  return {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    keepAlive: KEEP_ALIVE_MS,
    disconnectTimeout: DISCONNECT_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    retryStrategy: retry,
    sentinelRetryStrategy: retry,
    // The master became a replica: find the new one. The command was not executed, and is not sent again here.
    reconnectOnError: (error: Error) => (/\bREADONLY\b/.test(error.message) ? 1 : false),
    ...(role === 'blocking' ? {} : { commandTimeout: commandTimeoutMs }),
  }
}

/** @throws `ERR_DRIVER_MISSING` when ioredis is not installed */
export async function loadLibrary(): Promise<RedisLibrary> {
  try {
    const { Redis, Cluster } = await import('ioredis')
    return { Redis, Cluster } as unknown as RedisLibrary
  } catch (cause) {
    throw new MachineryError('ERR_DRIVER_MISSING', 'redis needs ioredis: npm install ioredis', { cause })
  }
}

/** A client for `target`, not connected yet. */
export function makeClient(
  { Redis, Cluster }: RedisLibrary,
  target: RedisTarget,
  options: Readonly<Record<string, unknown>>,
): OpenRedisClient {
  const { hosts, path, db, username, password, tls } = target
  const access = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  }
  if (target.kind === 'cluster') return makeCluster(Cluster, hosts, access, options)
  if (target.kind === 'sentinel') {
    const { masterName: name, sentinelUsername, sentinelPassword } = target
    const sentinel = {
      ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    }
    return new Redis({ sentinels: hosts, name, db, ...access, ...sentinel, ...options })
  }
  const place = path === undefined ? hosts[0] : { path }
  return new Redis({ ...place, db, ...access, ...options })
}

function makeCluster(
  Cluster: RedisLibrary['Cluster'],
  hosts: RedisTarget['hosts'],
  access: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
): OpenRedisClient {
  return new Cluster(hosts, clusterOptions(options, access))
}

/** A Cluster client would send again what a lost connection left open; and it needs its queue to learn where the slots are. */
function clusterOptions(
  options: Readonly<Record<string, unknown>>,
  access: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { retryStrategy, lazyConnect, ...perNode } = options
  const { sentinelRetryStrategy: _sentinels, enableOfflineQueue: _queue, ...redisOptions } = perNode
  return {
    lazyConnect,
    clusterRetryStrategy: retryStrategy,
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: options['connectTimeout'],
    redisOptions: { ...access, ...redisOptions, socketTimeout: options['commandTimeout'] },
  }
}

/** Connections made from a URL or from hosts. */
export async function targetConnector(target: RedisTarget, settings: RedisSettings): Promise<RedisConnector> {
  const library = await loadLibrary()
  const name = targetName(target)
  return {
    name,
    isCluster: target.kind === 'cluster',
    target,
    open: (role) => opened(makeClient(library, target, safeOptions(settings, role)), name, settings),
  }
}

/**
 * Connections made from a client, as copies of it, or by a function.
 * @throws `ERR_OPTION_INVALID` for a client with a `keyPrefix`: the keys in scripts do not have it
 */
export async function clientConnector(
  client: RedisClient | RedisClientFactory,
  settings: RedisSettings,
): Promise<RedisConnector> {
  const name = 'redis client'
  const make = async (role: ConnectionRole): Promise<OpenRedisClient> => {
    const options = safeOptions(settings, role)
    const given = typeof client === 'function' ? await client(options) : copyOf(client, options)
    const made = given as OpenRedisClient
    const { keyPrefix = '' } = made.options
    if (keyPrefix === '') return made
    made.disconnect()
    throw invalidOption('client.options.keyPrefix', keyPrefix, 'it must be empty')
  }
  const first = await make('command')
  const isCluster = first.isCluster === true
  first.disconnect()
  return {
    name,
    isCluster,
    target: undefined,
    open: async (role) => opened(await make(role), name, settings),
  }
}

type Duplicate = (...args: readonly unknown[]) => OpenRedisClient

function copyOf(client: RedisClient, options: Readonly<Record<string, unknown>>): OpenRedisClient {
  const duplicate = client.duplicate.bind(client) as unknown as Duplicate
  if (client.isCluster !== true) return duplicate(options)
  const { redisOptions = {} } = client.options as {
    readonly redisOptions?: Readonly<Record<string, unknown>>
  }
  return duplicate([], clusterOptions(options, redisOptions))
}

/**
 * Waits until the client can be used. A Cluster client that found the Cluster failing connects again by itself, and its `connect`
 * then never ends: what counts is that it became ready.
 */
async function opened(
  client: OpenRedisClient,
  name: string,
  settings: RedisSettings,
): Promise<OpenRedisClient> {
  const { clock, logger, connectTimeoutMs } = settings
  let last: unknown
  // Without a listener the library would write them to the console.
  client.on('error', (error: Error) => {
    last = withoutCommand(error)
    logger.debug({ err: last }, `${name}: connection error`)
  })
  let giveUp: () => void = () => {}
  const timedOut = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Error(`not connected after ${connectTimeoutMs} ms`))
  })
  const timer = clock.setTimer(giveUp, connectTimeoutMs, true)
  try {
    const isReady = new Promise<void>((resolve) => void client.on('ready', resolve))
    if (client.status !== 'ready') await Promise.race([client.connect(), isReady, timedOut])
    return client
  } catch (error) {
    client.disconnect()
    const cause = last ?? withoutCommand(error)
    const why = cause instanceof Error ? cause.message : String(cause)
    const details = { maybeExecuted: false }
    throw new MachineryError('ERR_CONNECT_FAILED', `${name} could not be reached: ${why}`, { cause, details })
  } finally {
    timer.cancel()
  }
}
