import type { Backend } from '../../core/ports/backend.ts'
import type { Broker } from '../../core/ports/broker.ts'
import type { Lock } from '../../core/ports/lock.ts'
import { RedisBackend } from './redis-backend.ts'
import { RedisBroker } from './redis-broker.ts'
import { openEngine } from './redis-engine.ts'
import { openRedisLock } from './redis-lock.ts'
import type { RedisStoreOptions } from './redis-options.ts'

/** Broker, backend and lock on one Redis server, behind sentinels, or in a Cluster. */
export interface RedisStore {
  readonly broker: Broker
  readonly backend: Backend
  readonly lock: Lock
  /** Closes all parts and all connections. Idempotent. A part can also be closed alone; the connections end with the last that was used. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Connects to Redis 6.2 or later. Resolves when there is a connection; one that is lost later is opened again, and what was
 * under way fails with `ERR_CONNECTION_LOST`: no command is ever sent twice by itself.
 * @throws `ERR_OPTION_INVALID` for an option that is not allowed; `ERR_DRIVER_MISSING` without ioredis; `ERR_CONNECT_FAILED`
 * when the server cannot be reached; `ERR_UNSUPPORTED` when it is too old
 */
export async function redisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const engine = await openEngine(options)
  const open = new Set<'broker' | 'backend' | 'lock'>()
  const used: { broker?: Broker; backend?: Backend; lock?: Lock } = {}

  const closing = (part: 'broker' | 'backend' | 'lock') => {
    open.add(part)
    return async (): Promise<void> => {
      open.delete(part)
      if (open.size === 0) await engine.close()
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all([used.broker?.close(), used.backend?.close(), used.lock?.close()])
    await engine.close()
  }
  return {
    get broker() {
      return (used.broker ??= new RedisBroker(engine, closing('broker')))
    },
    get backend() {
      return (used.backend ??= new RedisBackend(engine, closing('backend')))
    },
    get lock() {
      return (used.lock ??= openRedisLock(engine.connection, engine.settings.clock, closing('lock')))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A broker with connections of its own. @throws as `redisStore` */
export async function redisBroker(options: RedisStoreOptions): Promise<Broker> {
  return (await redisStore(options)).broker
}

/**
 * A backend with connections of its own; a broker that is opened on the same server and database knows it as its own store.
 * @throws as `redisStore`
 */
export async function redisBackend(options: RedisStoreOptions): Promise<Backend> {
  return (await redisStore(options)).backend
}

/** A lock with a connection of its own. @throws as `redisStore` */
export async function redisLock(options: RedisStoreOptions): Promise<Lock> {
  return (await redisStore(options)).lock
}
