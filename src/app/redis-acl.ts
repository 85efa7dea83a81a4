import { MachineryError } from '../core/errors.ts'
import { redactUrl } from '../core/redact-url.ts'
import type { CreateServerOptions } from './create-server.ts'

/** A user of Redis for servers on a configuration. */
export interface RedisUser {
  readonly role: 'worker' | 'producer'
  /** A line of an ACL file; `>…` stands for the password. */
  readonly line: string
}

const ROLES = ['worker', 'producer'] as const
const REDIS_URL = /^redis(?:s|\+socket)?:/i

/**
 * The users of Redis that servers with these options need. Nothing is connected to.
 * @param queues names of the queues; `*`, `?` and `[…]` match as in Redis
 * @throws `ERR_OPTION_INVALID` when no URL is one of Redis, or the name of a queue cannot stand in a line
 */
export async function redisUsers(
  options: CreateServerOptions,
  queues: readonly string[],
): Promise<readonly RedisUser[]> {
  const [{ aclLine }, { redisUrlOptions }, { redisTarget }] = await Promise.all([
    import('../drivers/redis/redis-acl.ts'),
    import('../drivers/redis/redis-url-options.ts'),
    import('../drivers/redis/redis-target.ts'),
  ])
  const url = [options.broker, options.resultBackend, options.lock].find(
    (one) => typeof one === 'string' && REDIS_URL.test(one),
  )
  if (typeof url !== 'string') throw noRedis(options)
  const store = { ...options.drivers?.redis, ...redisUrlOptions(url) }
  const { delayedKey, durability } = store
  const spaced = [...queues, delayedKey ?? ''].find((name) => /\s/.test(name))
  if (spaced !== undefined) {
    const text = `${JSON.stringify(spaced)} cannot stand in a line of rights; ? in place of each space is right`
    throw new MachineryError('ERR_OPTION_INVALID', text, { details: { queue: spaced } })
  }
  const places = {
    queues,
    ...(delayedKey === undefined ? {} : { delayedKey }),
    hasWaitAof: durability === 'fsync',
    isCluster: redisTarget(store).kind === 'cluster',
  }
  return ROLES.map((role) => ({ role, line: aclLine(role, places) }))
}

function noRedis({ broker }: CreateServerOptions): MachineryError {
  const shown = typeof broker === 'string' ? redactUrl(broker) : 'a port object'
  const text = `broker is ${shown}; rights are for Redis, and a URL such as redis://localhost:6379 is right`
  return new MachineryError('ERR_OPTION_INVALID', text)
}
