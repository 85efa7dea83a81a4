import { Cluster, Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'

import { redisStore, type RedisClient } from '../../src/drivers/redis/index.ts'
import {
  beginWrite,
  commitWrite,
  groupFinish,
  groupInit,
  pendingWrite,
} from '../../src/testing/backend-harness.ts'
import { assertCode } from '../../src/testing/assert-code.ts'
import { describeService } from '../support/services.ts'
import {
  claimAll,
  closing,
  consume,
  document,
  openStore,
  outgoing,
  publish,
  rawClient,
} from './redis-fixture.ts'

const SECONDS_PER_DAY = 86_400

await describeService('redis', (service) => {
  describe('what Go reads and writes (go-brokers-backends 7)', () => {
    it('is a list of documents', async () => {
      const queue = service.namespace()
      const raw = rawClient(service.url)
      const store = await openStore({ url: service.url })
      await publish(
        store.broker,
        outgoing(queue, document(queue, 'a')),
        outgoing(queue, document(queue, 'b')),
      )
      expect(await raw.type(queue)).toBe('list')
      expect(await raw.lrange(queue, 0, -1)).toEqual([document(queue, 'a'), document(queue, 'b')])
      expect(await raw.ttl(queue)).toBe(-1)
      await raw.del(queue)
    })

    it('is a set of delayed documents by Unix nanoseconds', async () => {
      const queue = service.namespace()
      const raw = rawClient(service.url)
      const store = await openStore({ url: service.url, delayedKey: `${queue}-delayed` })
      const before = Date.now()
      await publish(store.broker, outgoing(queue, document(queue, 'a'), { delayMs: 90_000 }))
      const [member, score] = await raw.zrange(`${queue}-delayed`, '0', '-1', 'WITHSCORES')
      expect(member).toBe(document(queue, 'a'))
      expect(Math.abs(Number(score) / 1e6 - before - 90_000)).toBeLessThan(5_000)
      await raw.del(`${queue}-delayed`)
    })

    it('is a state with every field, in order, with wire full', async () => {
      const uuid = `task_${service.namespace()}`
      const raw = rawClient(service.url)
      const { backend } = await openStore({ url: service.url, wire: 'full' })
      await backend.tasks.pending([pendingWrite(uuid)])
      const start = `{"TaskUUID":"${uuid}","TaskName":"add","State":`
      const end = `,"CreatedAt":"2026-01-02T03:04:05.123456789Z","TTL":0}`
      expect(await raw.get(uuid)).toBe(`${start}"PENDING","Results":null,"Error":""${end}`)
      await backend.tasks.begin([beginWrite(uuid, 'token')])
      expect(await raw.get(uuid)).toBe(`${start}"STARTED","Results":null,"Error":""${end}`)
      expect(await raw.ttl(uuid)).toBeGreaterThan(SECONDS_PER_DAY - 60)
      await backend.tasks.commit([commitWrite(uuid, 'token')])
      expect(await raw.get(uuid)).toBe(
        `${start}"SUCCESS","Results":[{"Type":"int64","Value":2}],"Error":""${end}`,
      )
      expect(await raw.ttl(uuid)).toBe(3_600)
      expect(await raw.keys(`*${uuid}*`), 'the companion is gone').toEqual([uuid])
      await raw.del(uuid)
    })

    it('is the zero time and an empty name where neither is known, with wire full', async () => {
      const uuid = `task_${service.namespace()}`
      const raw = rawClient(service.url)
      const { backend } = await openStore({ url: service.url, wire: 'full' })
      await backend.tasks.commit([commitWrite(uuid, 'any', { state: 'FAILURE', error: 'boom' })])
      expect(await raw.get(uuid)).toBe(
        `{"TaskUUID":"${uuid}","TaskName":"","State":"FAILURE","Results":null,"Error":"boom","CreatedAt":"0001-01-01T00:00:00Z","TTL":0}`,
      )
      await raw.del(uuid)
    })

    it('is only what is set, with wire compact', async () => {
      const uuid = `task_${service.namespace()}`
      const raw = rawClient(service.url)
      const { backend } = await openStore({ url: service.url })
      await backend.tasks.commit([commitWrite(uuid, 'any', { taskName: 'a "name"\\ <&> ☃' })])
      expect(await raw.get(uuid)).toBe(
        `{"TaskUUID":"${uuid}","TaskName":"a \\"name\\"\\\\ <&> ☃","State":"SUCCESS","Results":[{"Type":"int64","Value":2}]}`,
      )
      await raw.del(uuid)
    })

    it('carries over what Go stored, whatever its order and its names', async () => {
      const uuid = `task_${service.namespace()}`
      const raw = rawClient(service.url)
      const { backend } = await openStore({ url: service.url })
      const created = '2026-11-24T02:33:06.752951133Z'
      for (const text of [
        `{"TaskUUID":"${uuid}","TaskName":"say \\"State\\":\\"SUCCESS\\"","State":"STARTED","Results":null,"Error":"","CreatedAt":"${created}","TTL":0}`,
        `{"CreatedAt": "${created}", "State": "RECEIVED", "TaskName": "say \\"State\\":\\"SUCCESS\\"", "TaskUUID": "${uuid}"}`,
      ]) {
        await raw.set(uuid, text)
        await backend.tasks.commit([commitWrite(uuid, 'any')])
        const [state] = await backend.tasks.get([uuid])
        expect(state).toMatchObject({
          state: 'SUCCESS',
          taskName: 'say "State":"SUCCESS"',
          createdAt: created,
        })
      }
      await raw.set(
        uuid,
        `{"TaskUUID":"${uuid}","TaskName":"x","State":"PENDING","Results":null,"Error":"","CreatedAt":"0001-01-01T00:00:00Z","TTL":0}`,
      )
      await backend.tasks.commit([commitWrite(uuid, 'any')])
      expect((await backend.tasks.get([uuid]))[0]?.createdAt).toBe('')
      await raw.del(uuid)
    })

    it('is no state that Go may have put back: a terminal one stands, with its results', async () => {
      const uuid = `task_${service.namespace()}`
      const raw = rawClient(service.url)
      const { backend } = await openStore({ url: service.url })
      const results = `[{"Type":"[]string","Value":["\\"State\\":\\"PENDING\\"","{\\"CreatedAt\\":\\"x\\"}"]},{"Type":"int64","Value":9223372036854775807}]`
      await raw.set(
        uuid,
        `{"TaskUUID":"${uuid}","TaskName":"n","State":"SUCCESS","Results":${results},"Error":"","CreatedAt":"2026-11-24T02:33:06Z","TTL":0}`,
      )
      expect(await backend.tasks.pending([pendingWrite(uuid)])).toEqual(['exists'])
      const [outcome] = await backend.tasks.begin([beginWrite(uuid, 'any')])
      expect(outcome).toMatchObject({
        kind: 'done',
        state: { results: [{}, { value: '9223372036854775807' }] },
      })
      await raw.del(uuid)
    })

    it('is the description of a group, and whether its chord was triggered', async () => {
      const group = `group_${service.namespace()}`
      const raw = rawClient(service.url)
      const { backend } = await openStore({ url: service.url })
      const meta = (triggered: boolean): string =>
        `{"GroupUUID":"${group}","TaskUUIDs":["a","b"],"ChordTriggered":${triggered},"Lock":false,"CreatedAt":"2026-01-02T03:04:05.123456789Z","TTL":0}`
      await backend.groups.init([groupInit(group, ['a', 'b'])])
      expect(await raw.get(group)).toBe(meta(false))
      expect(await raw.ttl(group)).toBe(7 * SECONDS_PER_DAY)
      await backend.groups.finish([groupFinish(group, 'a', 2), groupFinish(group, 'b', 2)])
      await backend.groups.triggered([group])
      expect(await raw.get(group)).toBe(meta(true))
      expect(await raw.ttl(group)).toBeGreaterThan(0)
      await backend.groups.reopen(group, 'a')
      expect(await raw.get(group)).toBe(meta(false))
      await backend.groups.purge([group])
      expect(await raw.keys(`*${group}*`)).toEqual([])
    })

    it('is the lock: key, value and expiry', async () => {
      const key = `machinery_lock_${service.namespace()}* * * * *`
      const raw = rawClient(service.url)
      const { lock } = await openStore({ url: service.url })
      const until = BigInt(Date.now() + 3_000) * 1_000_000n - 1n
      expect(await lock.lock(key, until)).toBe(true)
      expect(await raw.get(key)).toBe(String(until))
      const ttl = await raw.pttl(key)
      expect(ttl > 2_000 && ttl <= 3_000, `${ttl}`).toBe(true)
      expect(await lock.lock(key, until + 1_000_000_000n)).toBe(false)
      await raw.set(key, String(BigInt(Date.now() - 10) * 1_000_000n))
      expect(await lock.lock(key, until), 'a crash between GETSET and EXPIRE left it without a time').toBe(
        true,
      )
      await raw.set(key, 'no number')
      expect(await lock.lock(key, until)).toBe(false)
      await raw.del(key)
    })
  })

  it('leaves a key of another type alone, and serves its neighbours', async () => {
    const [bad, good] = [`task_${service.namespace()}_bad`, `task_${service.namespace()}_good`]
    const raw = rawClient(service.url)
    const store = await openStore({ url: service.url })
    await raw.rpush(bad, 'not a state')
    const { tasks } = store.backend
    expect(await tasks.pending([pendingWrite(bad), pendingWrite(good)])).toEqual(['exists', 'written'])
    expect((await tasks.get([bad, good])).map((state) => state?.state)).toEqual([undefined, 'PENDING'])
    const commits = await tasks.commit([commitWrite(bad, 'a'), commitWrite(good, 'a')])
    expect(commits).toMatchObject([
      { kind: 'done', state: { uuid: bad, state: 'FAILURE' } },
      { kind: 'committed' },
    ])
    const fused = store.broker.sameStore?.(store.backend)
    const outcomes = await fused?.send([
      { groups: [], messages: [{ message: outgoing(good, 'x'), pending: pendingWrite(`${good}-1`) }] },
      { groups: [], messages: [{ message: outgoing(bad, 'y'), pending: pendingWrite(`${good}-2`) }] },
    ])
    expect(outcomes?.map(({ publish: { outcome, error } }) => [outcome, error?.code])).toEqual([
      ['refused', 'ERR_STORE_FAILED'],
      ['stored', undefined],
    ])
    expect(await raw.exists(`${good}-1`), 'no PENDING without its message').toBe(0)
    expect(await raw.lrange(bad, 0, -1)).toEqual(['not a state', 'y'])
    await raw.del(bad, good, `${good}-2`)
  })

  it('replaces a state that cannot be read', async () => {
    const uuid = `task_${service.namespace()}`
    const raw = rawClient(service.url)
    const { backend } = await openStore({ url: service.url })
    await raw.set(uuid, '{broken')
    expect(await backend.tasks.get([uuid])).toEqual([undefined])
    expect(await backend.tasks.begin([beginWrite(uuid, 'token')])).toEqual([{ kind: 'run', begins: 1 }])
    await raw.set(uuid, `{"TaskUUID":"${uuid}","State":"SUCCESS","Results":broken}`)
    expect(await backend.tasks.commit([commitWrite(uuid, 'token')])).toMatchObject([
      { kind: 'done', state: { state: 'FAILURE', error: 'the stored state cannot be read' } },
    ])
    await raw.del(uuid, `mq:{${uuid}}:x`)
  })

  describe('a given client', () => {
    it('is copied with safe options, and left open', async () => {
      const queue = service.namespace()
      const given = rawClient(service.url)
      const store = await redisStore({ client: given })
      await publish(store.broker, outgoing(queue, 'a'))
      const consumer = await consume(store.broker, queue)
      const deliveries = await claimAll(consumer, 1)
      await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
      await store.close()
      expect(await given.ping()).toBe('PONG')
    })

    it('may be made by a function, once per connection', async () => {
      const roles: unknown[] = []
      const store = await openStore({
        client: (options) => {
          roles.push(options['commandTimeout'])
          return new Redis(service.url, options)
        },
      })
      await store.backend.tasks.get(['x'])
      expect(roles.length).toBeGreaterThan(0)
      expect(store.broker.sameStore?.(store.backend)).toBeDefined()
      const other = await openStore({ url: service.url })
      expect(store.broker.sameStore?.(other.backend)).toBeUndefined()
    })

    it('must not have a prefix, since the keys in scripts have none', async () => {
      const client = new Redis(service.url, { keyPrefix: 'x:', lazyConnect: true })
      closing({ close: () => client.disconnect() })
      await assertCode(redisStore({ client }), 'ERR_OPTION_INVALID')
    })

    it('has the type of the library, single or of a Cluster', () => {
      const single: (client: Redis) => RedisClient = (client) => client
      const cluster: (client: Cluster) => RedisClient = (client) => client
      expect([single, cluster]).toHaveLength(2)
    })
  })

  it('is one store for two URLs of one server and database, and only for those', async () => {
    const [one, same, other] = [
      await openStore({ url: service.url }),
      await openStore({ url: `${service.url}/0` }),
      await openStore({ url: `${service.url}/1` }),
    ]
    expect(one.broker.sameStore?.(same.backend)).toBeDefined()
    expect(one.broker.sameStore?.(other.backend)).toBeUndefined()
  })

  it('answers ERR_CONNECT_FAILED when nobody listens, without the password', async () => {
    const failed = await redisStore({ url: 'redis://:secret@127.0.0.1:1', connectTimeoutMs: 1_000 }).catch(
      (error: unknown) => error,
    )
    expect(failed).toMatchObject({ code: 'ERR_CONNECT_FAILED' })
    expect(String(failed)).not.toContain('secret')
  })
})
