import { describe, expect, it } from 'vitest'

import type { Delivery } from '../../src/core/ports/broker.ts'
import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import { targetConnector } from '../../src/drivers/redis/redis-connector.ts'
import { queueKeys } from '../../src/drivers/redis/redis-keys.ts'
import { redisSettings } from '../../src/drivers/redis/redis-options.ts'
import { redisTarget } from '../../src/drivers/redis/redis-target.ts'
import { RedisWakeUp } from '../../src/drivers/redis/redis-wake-up.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { claimAll, closing, consume, openStore, outgoing, publish, rawClient } from './redis-fixture.ts'

const ack = ({ id }: Delivery) => ({ id, kind: 'ack' }) as const

await describeService('redis', (service) => {
  describe('a consumer that is closed while it settles', () => {
    it('leaves nothing behind in the registry, and no message twice', async () => {
      const queue = service.namespace()
      const store = await openStore({ url: service.url, delayedKey: `${queue}-delayed` })
      const raw = rawClient(service.url)
      for (const how of ['ack', 'release', 'later'] as const) {
        await publish(store.broker, outgoing(queue, how))
        const consumer = await consume(store.broker, queue)
        const [delivery] = await claimAll(consumer, 1)
        if (delivery === undefined) throw new Error('one message was claimed')
        const { id } = delivery
        const settlement =
          how === 'ack'
            ? ack(delivery)
            : ({ id, kind: 'release', delayMs: how === 'later' ? 3_600_000 : 0, counted: false } as const)
        const settling = consumer.settle([settlement]).catch((error: unknown) => error)
        await consumer.close()
        const outcome = await settling
        expect(await raw.exists(queueKeys(queue).registry), how).toBe(0)
        const stats = await store.broker.inspector?.stats(queue)
        const isSettled = Array.isArray(outcome) && outcome[0] === 'settled'
        expect([how, stats?.pending, stats?.delayed, stats?.inFlight]).toEqual(
          isSettled ? [how, how === 'release' ? 1 : 0, how === 'later' ? 1 : 0, 0] : [how, 1, 0, 0],
        )
        await raw.del(queue, `${queue}-delayed`)
      }
    })
  })

  describe('a wait whose connection was lost and came back', () => {
    it('is still called back when it ends, so that nothing is moved for nobody', async () => {
      const queue = service.namespace()
      const raw = rawClient(service.url)
      const user = `user-${queue}`
      await raw.acl('SETUSER', user, 'on', '>pw', '~*', '&*', '+@all')
      const settings = redisSettings({})
      const target = redisTarget({ url: service.url, username: user, password: 'pw' })
      const connection = closing(
        await RedisConnection.open(await targetConnector(target, settings), settings),
      )
      const keys = queueKeys(queue)
      const wakeUp = new RedisWakeUp(connection, keys, settings)
      const clients = async (): Promise<readonly string[]> =>
        String(await raw.call('client', 'list'))
          .split('\n')
          .filter((line) => line.includes(` user=${user} `))
      const blocked = async (): Promise<string | undefined> =>
        (await clients()).find((line) => line.includes(' cmd=blmove ') && line.includes(' flags=b '))
      let end = (): void => {}
      const wait = (): void => void (end = wakeUp.wait(wait))
      wait()
      const first = /^id=(\d+)/.exec((await waitFor(blocked, { what: 'the first wait' })) ?? '')?.[1] ?? ''
      // It ends while nobody waits, and its connection is lost while it does nothing.
      end()
      await raw.call('client', 'unblock', first)
      await waitFor(async () => (await blocked()) === undefined, { what: 'the end of the first wait' })
      await raw.call('client', 'kill', 'id', first)
      await waitFor(
        async () => {
          const all = await clients()
          return all.length === 2 && !all.some((line) => line.startsWith(`id=${first} `))
        },
        { what: 'the new connection' },
      )
      wait()
      await waitFor(blocked, { what: 'the second wait' })
      const started = performance.now()
      await wakeUp.close()
      // Without the number of its connection, it would be given up only after half a second.
      expect(performance.now() - started).toBeLessThan(450)
      await raw.rpush(queue, 'a')
      expect(await raw.exists(keys.land)).toBe(0)
      end()
      connection.close()
      await raw.acl('DELUSER', user)
      await raw.del(queue)
    })
  })
})
