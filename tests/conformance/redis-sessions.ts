import { systemClock } from '../../src/core/clock.ts'
import type { ControlStore } from '../../src/core/ports/control-store.ts'
import type { Consumer } from '../../src/core/ports/broker.ts'
import {
  redisBackend,
  redisStore,
  type RedisStore,
  type RedisStoreOptions,
} from '../../src/drivers/redis/index.ts'
import { RedisConsumer } from '../../src/drivers/redis/redis-consumer.ts'
import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import { targetConnector } from '../../src/drivers/redis/redis-connector.ts'
import { queueKeys } from '../../src/drivers/redis/redis-keys.ts'
import { redisSettings } from '../../src/drivers/redis/redis-options.ts'
import { redisTarget } from '../../src/drivers/redis/redis-target.ts'

let stores = 0

/** What a reaper does with a consumer that showed no sign of life. */
async function reap(options: RedisStoreOptions, consumer: Consumer): Promise<void> {
  if (!(consumer instanceof RedisConsumer)) throw new Error('not a consumer of redis')
  const settings = redisSettings(options)
  const connection = await RedisConnection.open(
    await targetConnector(redisTarget(options), settings),
    settings,
  )
  const { queue, land, registry, counts, dead, priorities, flying } = queueKeys(consumer.queue)
  const keys = [queue, land, registry, flying(consumer.name), counts, dead, priorities]
  const beat = await connection.command('hget', [registry, consumer.name])
  await connection.script('reap', keys, [consumer.name, String(beat), '1', '30'])
  connection.close()
}

/** Sessions of the conformance suites on one server; each has delayed messages of its own. */
export function redisSessions(server: () => RedisStoreOptions) {
  const open = async () => {
    const options = { ...server(), delayedKey: `delayed-${process.pid}-${stores++}` }
    const opened: RedisStore[] = []
    const openAgain = async (): Promise<RedisStore> => {
      const store = await redisStore(options)
      opened.push(store)
      return store
    }
    const closeAll = async (): Promise<void> => {
      for (const store of opened.splice(0)) await store.close()
    }
    const { broker, backend, lock } = await openAgain()
    const foreign = await redisBackend({ ...options, delayedKey: 'another' })
    return {
      broker,
      backend,
      lock,
      foreign,
      openAgain,
      chores: broker.chores,
      clock: systemClock,
      crash: (consumer: Consumer) => reap(options, consumer),
      expire: (consumer: Consumer) => reap(options, consumer),
      reopenStore: async () => {
        await closeAll()
        return openAgain()
      },
      async close() {
        await closeAll()
        await foreign.close()
      },
    }
  }
  return {
    open,
    broker: async () => {
      const session = await open()
      return { ...session, reopen: async () => (await session.reopenStore()).broker }
    },
    control: async () => {
      const session = await open()
      return {
        ...session,
        control: session.backend.control as ControlStore,
        other: (await session.openAgain()).backend.control as ControlStore,
        reopen: async () => (await session.reopenStore()).backend.control as ControlStore,
      }
    },
    backend: async () => {
      const session = await open()
      return { ...session, reopen: async () => (await session.reopenStore()).backend }
    },
  }
}
