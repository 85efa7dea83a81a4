import { clientConnector, type RedisConnector, targetConnector } from './redis-connector.ts'
import { RedisConnection } from './redis-connection.ts'
import { type DelayedKeys, delayedKeys } from './redis-keys.ts'
import { RedisLease } from './redis-lease.ts'
import { invalidOption, type RedisSettings, redisSettings, type RedisStoreOptions } from './redis-options.ts'
import { RedisSubscriber } from './redis-subscriber.ts'
import { redisTarget } from './redis-target.ts'

/** What the parts of one store share. */
export interface RedisEngine {
  readonly settings: RedisSettings
  readonly connection: RedisConnection
  readonly subscriber: RedisSubscriber
  readonly lease: RedisLease
  readonly delayed: DelayedKeys
  /** Equal for two stores that are known to be the same data. */
  readonly identity: unknown
  /** Idempotent; the parts are closed before. */
  close(): Promise<void>
}

/** @throws as `redisStore` */
export async function openEngine(options: RedisStoreOptions): Promise<RedisEngine> {
  const settings = redisSettings(options)
  const connector = await connectorFor(options, settings)
  if (connector.isCluster && settings.durability !== 'fast') {
    throw invalidOption('durability', settings.durability, "in a Cluster it must be 'fast'")
  }
  const connection = await RedisConnection.open(connector, settings)
  const subscriber = new RedisSubscriber(connection, settings)
  const lease = new RedisLease(settings, connection, connector.target)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    subscriber.close()
    await lease.close()
    connection.close()
  }
  return {
    settings,
    connection,
    subscriber,
    lease,
    delayed: delayedKeys(settings.delayedKey),
    identity: identityOf(connector, settings),
    close: () => (closing ??= close()),
  }
}

function connectorFor(options: RedisStoreOptions, settings: RedisSettings): Promise<RedisConnector> {
  const { client, url, hosts } = options
  if (client !== undefined && url === undefined && hosts === undefined)
    return clientConnector(client, settings)
  // Refuses also a client beside a URL.
  return targetConnector(redisTarget(client === undefined ? options : {}), settings)
}

/** Two clients may or may not mean the same server. */
function identityOf({ target }: RedisConnector, { delayedKey }: RedisSettings): unknown {
  if (target === undefined) return Symbol('redis store')
  const { hosts, path, db, masterName } = target
  return JSON.stringify([hosts, path, db, masterName, delayedKey])
}
