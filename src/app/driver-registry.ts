import type { Clock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Backend } from '../core/ports/backend.ts'
import type { Broker } from '../core/ports/broker.ts'
import type { Lock } from '../core/ports/lock.ts'
import { redactUrl } from '../core/redact-url.ts'
import type { AmqpStoreOptions } from '../drivers/amqp/index.ts'
import type { RedisStoreOptions } from '../drivers/redis/index.ts'
import type { WireForm } from '../core/wire/message-codec.ts'
import { openNamedMemoryStore } from './named-memory-stores.ts'

/** What a URL opens: the ports its driver has, over one connection. */
export interface OpenedStore {
  readonly broker?: Broker
  readonly backend?: Backend
  readonly lock?: Lock
  readonly close: () => Promise<void>
}

/** Options of the redis driver beside its URL, which counts more where both say something. */
export type RedisDriverOptions = Omit<RedisStoreOptions, 'url' | 'hosts' | 'client' | 'clock' | 'logger'>

/** The same of the amqp driver. `defaultQueue` and `resultsExpireInMs` are those of the server. */
export type AmqpDriverOptions = Omit<
  AmqpStoreOptions,
  'url' | 'urls' | 'connection' | 'defaultQueue' | 'resultsExpireInMs' | 'clock' | 'logger'
>

/** Options of the drivers that URLs open. */
export interface DriverOptions {
  readonly redis?: RedisDriverOptions
  readonly amqp?: AmqpDriverOptions
}

/** What a driver may use of the server that opens it. */
export interface DriverContext {
  readonly clock: Clock
  readonly logger: Logger
  /** How the server writes messages: states go out in the same form, unless the URL says otherwise. */
  readonly wire: WireForm
  /** Queue of messages that name none; undefined: the driver's default. */
  readonly defaultQueue?: string | undefined
  /** For how long states are kept; undefined: the driver's default. */
  readonly resultsExpireInMs?: number | undefined
  readonly drivers?: DriverOptions | undefined
}

type OpenStore = (url: string, context: DriverContext) => Promise<OpenedStore>

const redis: OpenStore = async (url, { clock, logger, wire, drivers }) => {
  const { redisStore, redisUrlOptions } = await import('../drivers/redis/index.ts')
  return redisStore({ wire, ...drivers?.redis, ...redisUrlOptions(url), clock, logger })
}

const amqp: OpenStore = async (url, { clock, logger, defaultQueue, resultsExpireInMs, drivers }) => {
  const { amqpStore, amqpUrlOptions } = await import('../drivers/amqp/index.ts')
  const { urlSeparator, ...options } = drivers?.amqp ?? {}
  return amqpStore({
    ...(defaultQueue === undefined ? {} : { defaultQueue }),
    ...(resultsExpireInMs === undefined ? {} : { resultsExpireInMs }),
    ...options,
    ...amqpUrlOptions(url, urlSeparator),
    clock,
    logger,
  })
}

/** URL scheme → driver. Drivers are loaded when a URL asks for them, so that nobody loads a client library in vain. */
const DRIVERS: Readonly<Record<string, OpenStore>> = {
  memory: async (url, { clock }) => openNamedMemoryStore(url.replace(/^memory:(\/\/)?/i, ''), clock),
  sqlite: async (url, { clock, logger }) => {
    const [{ sqliteStore }, { sqliteOptions }] = await Promise.all([
      import('../drivers/sqlite/index.ts'),
      import('./sqlite-url.ts'),
    ])
    return sqliteStore({ ...sqliteOptions(url), clock, logger })
  },
  redis,
  rediss: redis,
  'redis+socket': redis,
  amqp,
  amqps: amqp,
}

/** The schemes that `createServer` understands. */
export const DRIVER_SCHEMES: readonly string[] = Object.keys(DRIVERS)

/**
 * Opens the store of a URL.
 * @throws `ERR_DRIVER_UNKNOWN` for a scheme without a driver; `ERR_DRIVER_MISSING` when its client library is not installed;
 * what the driver throws.
 */
export async function openStore(url: string, context: DriverContext): Promise<OpenedStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const open = scheme === undefined || !Object.hasOwn(DRIVERS, scheme) ? undefined : DRIVERS[scheme]
  if (open === undefined) {
    throw new MachineryError(
      'ERR_DRIVER_UNKNOWN',
      `no driver for ${redactUrl(url)}; URLs that begin with ${DRIVER_SCHEMES.map((name) => `${name}:`).join(', ')} are right`,
    )
  }
  return open(url, context)
}
