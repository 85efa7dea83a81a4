import { describe, expect, it } from 'vitest'

import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import { targetConnector } from '../../src/drivers/redis/redis-connector.ts'
import { delayedKeys, queueKeys } from '../../src/drivers/redis/redis-keys.ts'
import { redisSettings } from '../../src/drivers/redis/redis-options.ts'
import { RedisSteps, type StepReply } from '../../src/drivers/redis/redis-steps.ts'
import { redisTarget } from '../../src/drivers/redis/redis-target.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import {
  bodies,
  claimAll,
  closing,
  consume,
  document,
  openStore,
  outgoing,
  publish,
  rawClient,
  runChores,
} from './redis-fixture.ts'

await describeService('redis', (service) => {
  const connect = async (): Promise<RedisConnection> => {
    const settings = redisSettings({})
    const connector = await targetConnector(redisTarget({ url: service.url }), settings)
    return closing(await RedisConnection.open(connector, settings))
  }
  const stepsOf = (connection: RedisConnection, queue: string, name = 'consumer') =>
    RedisSteps.register(connection, queueKeys(queue), delayedKeys('delayed'), name)
  const textsOf = (reply: StepReply): readonly string[] =>
    reply.kind === 'gone' ? ['gone'] : reply.entries.map(({ field, body }) => `${field} ${body.toString()}`)
  const stepArgs = (consumer: string, seq: number, want: number, acks: readonly string[] = []): string[] => [
    ...[consumer, seq, want, acks.length].map(String),
    ...acks,
  ]
  const stepKeys = (queue: string, consumer: string): string[] => {
    const { land, registry, counts, dead, priorities, flying } = queueKeys(queue)
    return [queue, land, registry, flying(consumer), counts, dead, priorities, 'delayed', 'delayed:z']
  }

  describe('STEP', () => {
    it('answers a request that is sent again as it did, and claims nothing more', async () => {
      const queue = service.namespace()
      const connection = await connect()
      const raw = rawClient(service.url)
      await raw.rpush(queue, 'a', 'b', 'c', 'd')
      await stepsOf(connection, queue)
      const send = (seq: number, want: number, acks?: readonly string[]) =>
        connection.script('step', stepKeys(queue, 'consumer'), stepArgs('consumer', seq, want, acks))
      const first = await send(1, 2)
      expect(await send(1, 2)).toEqual(first)
      expect(await raw.lrange(queue, 0, -1)).toEqual(['c', 'd'])
      const second = await send(2, 1, ['1:1', '1:7'])
      expect(await send(2, 1, ['1:1', '1:7'])).toEqual(second)
      expect(String((second as readonly unknown[])[1])).toBe('1,')
      expect(await raw.hkeys(queueKeys(queue).flying('consumer'))).toEqual(
        expect.arrayContaining(['1:2', '2:1', '#']),
      )
      expect(await send(1, 2)).toEqual([-2])
      expect(await raw.lrange(queue, 0, -1)).toEqual(['d'])
      await raw.del(queue, queueKeys(queue).flying('consumer'), queueKeys(queue).registry)
    })

    it('advances also when there is nothing, so that an old request can never claim unseen', async () => {
      const queue = service.namespace()
      const connection = await connect()
      const raw = rawClient(service.url)
      await stepsOf(connection, queue)
      const send = (seq: number) =>
        connection.script('step', stepKeys(queue, 'consumer'), stepArgs('consumer', seq, 5))
      expect(await send(1)).toEqual([0, Buffer.from(''), Buffer.from('')])
      expect(await send(2)).toEqual([0, Buffer.from(''), Buffer.from('')])
      await raw.rpush(queue, 'later')
      expect(await send(1)).toEqual([-2])
      expect(await send(2)).toEqual([0, Buffer.from(''), Buffer.from('')])
      expect(await raw.llen(queue)).toBe(1)
      await raw.del(queue, queueKeys(queue).flying('consumer'), queueKeys(queue).registry)
    })

    it('changes nothing for a consumer that was reaped', async () => {
      const queue = service.namespace()
      const connection = await connect()
      const raw = rawClient(service.url)
      await raw.rpush(queue, 'a', 'b')
      const steps = await stepsOf(connection, queue)
      expect(textsOf(await steps.run(1, []))).toEqual(['1:1 a'])
      const { land, registry, counts, dead, priorities, flying } = queueKeys(queue)
      const keys = [queue, land, registry, flying('consumer'), counts, dead, priorities]
      expect(await connection.script('reap', keys, ['consumer', '5', '1', '30']), 'another beat').toBe(-1)
      expect(await connection.script('reap', keys, ['consumer', '0', '1', '30'])).toBe(1)
      expect(textsOf(await steps.run(1, [{ field: '1:1', args: undefined }]))).toEqual(['gone'])
      expect(await raw.lrange(queue, 0, -1)).toEqual(['a', 'b'])
      expect(await raw.exists(flying('consumer'), registry)).toBe(0)
      await raw.del(queue, counts)
    })

    it('puts what failed once at the head, a suspect at the tail, and what failed too often to the dead', async () => {
      const queue = service.namespace()
      const connection = await connect()
      const raw = rawClient(service.url)
      const { land, registry, counts, dead, priorities, flying } = queueKeys(queue)
      await raw.rpush(queue, 'a', 'b', 'c')
      for (const [round, expected] of [
        ['a', 'b', 'c'],
        ['b', 'c', 'a'],
        ['b', 'c'],
      ].entries()) {
        const name = `consumer-${round}`
        const steps = await stepsOf(connection, queue, name)
        while ((await raw.lindex(queue, 0)) !== 'a') await raw.lmove(queue, queue, 'LEFT', 'RIGHT')
        await steps.run(1, [])
        const keys = [queue, land, registry, flying(name), counts, dead, priorities]
        await connection.script('reap', keys, [name, '', '1', '3'])
        expect(await raw.lrange(queue, 0, -1)).toEqual(expected)
      }
      const [letter = ''] = await raw.lrange(dead, 0, -1)
      expect(letter).toMatch(/^\{"id":"consumer-2:1:1","reason":".*","at":\d+,"count":3\}\na$/)
      expect(await raw.exists(counts)).toBe(0)
      await raw.del(queue, dead)
    })
  })

  it('leaves no keys behind when all is done', async () => {
    const queue = service.namespace()
    const raw = rawClient(service.url)
    const store = await openStore({ url: service.url, delayedKey: `${queue}-delayed` })
    await publish(store.broker, outgoing(queue, 'a'), outgoing(queue, 'b', { priority: 3 }))
    await publish(store.broker, outgoing(queue, 'c', { delayMs: 20 }))
    const consumer = await consume(store.broker, queue)
    const deliveries = await claimAll(consumer, 3, store.broker)
    await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
    await store.close()
    const { moverLeader } = delayedKeys(`${queue}-delayed`)
    const left = (await raw.keys(`*${queue}*`)).filter((key) => key !== moverLeader)
    expect(left).toEqual([])
  })

  it('gives the landing list back to the queue with the last consumer', async () => {
    const queue = service.namespace()
    const raw = rawClient(service.url)
    const store = await openStore({ url: service.url })
    const consumer = await consume(store.broker, queue)
    await raw.rpush(queue, 'b')
    await raw.rpush(queueKeys(queue).land, 'a')
    await consumer.close()
    expect(await raw.lrange(queue, 0, -1)).toEqual(['a', 'b'])
    await raw.del(queue)
  })

  it('takes a message that lies in the landing list', async () => {
    const queue = service.namespace()
    const raw = rawClient(service.url)
    await raw.rpush(queueKeys(queue).land, 'landed')
    await raw.rpush(queue, 'waiting')
    const store = await openStore({ url: service.url })
    const consumer = await consume(store.broker, queue)
    const deliveries = await claimAll(consumer, 2)
    expect(bodies(deliveries)).toEqual(['landed', 'waiting'])
    await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
  })

  it('tells of each message whether its task is new, also of those of Go', async () => {
    const queue = service.namespace()
    const raw = rawClient(service.url)
    const { broker } = await openStore({ url: service.url })
    const states: Readonly<Record<string, string>> = {
      pending: '{"TaskUUID":"pending","TaskName":"t","State":"PENDING"}',
      retry: '{"TaskUUID":"retry","State":"RETRY","Results":[{"Type":"json","Value":{"State":"PENDING"}}]}',
      other: '{"State":"PENDING","TaskUUID":"other"}',
      done: '{"TaskUUID":"done","State":"SUCCESS"}',
    }
    for (const [uuid, state] of Object.entries(states)) await raw.set(uuid, state)
    await raw.lpush('list', 'x')
    const uuids = [...Object.keys(states), 'list', 'unknown']
    await publish(broker, ...uuids.map((uuid) => outgoing(queue, `{"UUID":"${uuid}","Name":"t"}`)))
    await publish(broker, outgoing(queue, 'no message'))
    const deliveries = await claimAll(await consume(broker, queue), 7)
    expect(deliveries.map(({ isNew }) => isNew)).toEqual([true, false, true, false, false, true, false])
    await raw.del(...uuids)
  })

  it('moves delayed messages of all publishers when they are due, each with its bytes', async () => {
    const queue = service.namespace()
    const delayedKey = `${queue}-delayed`
    const raw = rawClient(service.url)
    const store = await openStore({ url: service.url, delayedKey })
    const nanos = (ms: number): string => String(BigInt(Date.now() + ms) * 1_000_000n)
    const spaced = document(queue, 'task_go').replaceAll(':', ' :  ')
    await raw.zadd(delayedKey, nanos(60), spaced)
    await publish(store.broker, outgoing(queue, document(queue, 'task_ts'), { delayMs: 30 }))
    await publish(store.broker, outgoing(queue, 'no document', { delayMs: 90 }))
    expect(await raw.zcard(delayedKey), 'a message that names its queue is stored as Go stores it').toBe(2)
    const consumer = await consume(store.broker, queue)
    const deliveries = await claimAll(consumer, 3, store.broker)
    expect(bodies(deliveries)).toEqual([document(queue, 'task_ts'), spaced, 'no document'])
    await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
  })

  it('buries a delayed message that names no queue, or a key that is none, and moves its neighbours', async () => {
    const queue = service.namespace()
    const delayedKey = `${queue}-delayed`
    const raw = rawClient(service.url)
    const store = await openStore({ url: service.url, delayedKey })
    await raw.set(`${queue}-text`, 'no list')
    await raw.zadd(
      delayedKey,
      '1',
      '{not json',
      '2',
      document(`${queue}-text`, 'task_1'),
      '3',
      document(queue, 'task_2'),
    )
    const consumer = await consume(store.broker, queue)
    const deliveries = await claimAll(consumer, 1, store.broker)
    expect(bodies(deliveries)).toEqual([document(queue, 'task_2')])
    await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
    const dead = await store.broker.inspector?.dead(delayedKey, { offset: 0, limit: 10 })
    expect(dead?.map(({ reason, body }) => [reason, Buffer.from(body).toString()])).toEqual([
      ['it names no queue', '{not json'],
      ['its queue is a key of another type', document(`${queue}-text`, 'task_1')],
    ])
    await raw.del(`${queue}-text`, delayedKeys(delayedKey).dead)
  })

  it('is told by another process of a message that is due before the next look', async () => {
    const queue = service.namespace()
    const delayedKey = `${queue}-delayed`
    const [mover, publisher] = [
      await openStore({ url: service.url, delayedKey }),
      await openStore({ url: service.url, delayedKey }),
    ]
    const consumer = await consume(mover.broker, queue)
    const idle = new AbortController().signal
    // One look, as L1 does, and no other: it subscribes, and would come again after 100 ms.
    for (const chore of mover.broker.chores) expect((await chore.run(idle)).nextInMs).toBeGreaterThan(50)
    await publish(publisher.broker, outgoing(queue, 'soon', { delayMs: 20 }))
    const deliveries = await claimAll(consumer, 1)
    expect(bodies(deliveries)).toEqual(['soon'])
    await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
  })

  it('lets one process of a fleet move, and another when that is gone', async () => {
    const queue = service.namespace()
    const delayedKey = `${queue}-delayed`
    const raw = rawClient(service.url)
    const [first, second] = [
      await openStore({ url: service.url, delayedKey }),
      await openStore({ url: service.url, delayedKey }),
    ]
    const idle = new AbortController().signal
    const move = (store: typeof first) => store.broker.chores[0]?.run(idle)
    await move(first)
    await raw.zadd(delayedKey, '1', document(queue, 'task_1'))
    await move(second)
    expect(await raw.zcard(delayedKey)).toBe(1)
    await raw.del(delayedKeys(delayedKey).moverLeader)
    await move(second)
    expect(await raw.zcard(delayedKey)).toBe(0)
    await raw.del(queue)
  })

  it('reaps a consumer whose beat does not move, and not one that beats', async () => {
    const queue = service.namespace()
    const raw = rawClient(service.url)
    const store = await openStore({ url: service.url, leaseMs: 400, checkPids: false })
    const lost: string[] = []
    const alive = await consume(store.broker, queue, (ids) => lost.push(...ids))
    await publish(store.broker, outgoing(queue, 'mine'))
    await claimAll(alive, 1)
    const { registry, flying, counts } = queueKeys(queue)
    await raw.hset(registry, 'silent', '7')
    await raw.hset(flying('silent'), '1:1', 'of the silent')
    const done = new AbortController()
    const chores = runChores(store.broker, done.signal)
    await waitFor(async () => (await raw.hexists(registry, 'silent')) === 0, { what: 'the silent is reaped' })
    done.abort()
    await chores
    const again = await claimAll(alive, 1)
    expect(bodies(again)).toEqual(['of the silent'])
    expect(again[0]?.deliveryCount).toBe(1)
    expect(lost).toEqual([])
    await alive.settle(again.map(({ id }) => ({ id, kind: 'ack' })))
    expect(await raw.exists(counts)).toBe(0)
  })
})
