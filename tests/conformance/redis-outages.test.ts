import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { isMachineryError } from '../../src/core/errors.ts'
import type { Consumer, Delivery } from '../../src/core/ports/broker.ts'
import { queueKeys } from '../../src/drivers/redis/redis-keys.ts'
import { scriptText } from '../../src/drivers/redis/redis-script.ts'
import { finishUnit } from '../../src/testing/same-store-harness.ts'
import { commitWrite, pendingWrite } from '../../src/testing/backend-harness.ts'
import { SERVICES } from '../support/service-definitions.ts'
import { findService, type Service, startService } from '../support/service-process.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import {
  bodies,
  claimAll,
  closing,
  consume,
  openStore,
  outgoing,
  publish,
  rawClient,
} from './redis-fixture.ts'
import { proxyTo } from './redis-proxy.ts'

const ack = ({ id }: Delivery) => ({ id, kind: 'ack' }) as const

/** Claims as a worker does: an error is answered by another claim. */
async function claimThroughErrors(consumer: Consumer, count: number): Promise<readonly Delivery[]> {
  const all: Delivery[] = []
  while (all.length < count) {
    try {
      all.push(...(await consumer.claim(count - all.length, new AbortController().signal)))
    } catch (error) {
      if (!isMachineryError(error, 'ERR_CONNECTION_LOST')) throw error
    }
  }
  return all
}

await describeService('redis', (service) => {
  describe('a lost reply', () => {
    const setUp = async (queue: string) => {
      const proxy = closing(await proxyTo(service.url))
      const store = await openStore({ url: proxy.url })
      return { proxy, store, consumer: await consume(store.broker, queue), raw: rawClient(service.url) }
    }

    it('of a claim: its messages are handed over by the next one, once', async () => {
      const queue = service.namespace()
      const { proxy, consumer, raw } = await setUp(queue)
      await consumer.claim(1)
      await raw.rpush(queue, 'a', 'b', 'c')
      proxy.loseNextReply()
      const lost = await consumer.claim(2).catch((error: unknown) => error)
      expect(isMachineryError(lost, 'ERR_CONNECTION_LOST'), String(lost)).toBe(true)
      const deliveries = await claimThroughErrors(consumer, 3)
      expect(bodies(deliveries)).toEqual(['a', 'b', 'c'])
      expect(new Set(deliveries.map(({ id }) => id)).size).toBe(3)
      expect(await consumer.settle(deliveries.map(ack))).toEqual(['settled', 'settled', 'settled'])
      expect(await raw.exists(queue, queueKeys(queue).land)).toBe(0)
    })

    it('of a settlement: it happened, and settling again is safe', async () => {
      const queue = service.namespace()
      const { proxy, consumer, raw } = await setUp(queue)
      await raw.rpush(queue, 'a', 'b')
      const [a, b] = await claimAll(consumer, 2)
      if (a === undefined || b === undefined) throw new Error('two messages were claimed')
      proxy.loseNextReply()
      const lost = await consumer.settle([ack(a)]).catch((error: unknown) => error)
      expect(isMachineryError(lost, 'ERR_CONNECTION_LOST'), String(lost)).toBe(true)
      expect(await consumer.settle([ack(a), ack(b)])).toEqual(['lost', 'settled'])
      expect(await consumer.claim(5)).toEqual([])
    })

    it('of a publish: uncertain, and the message is there once', async () => {
      const queue = service.namespace()
      const { proxy, store, raw } = await setUp(queue)
      await publish(store.broker, outgoing(`${queue}-other`, 'first'))
      proxy.loseNextReply()
      const [outcome] = await store.broker.publish([outgoing(`${queue}-other`, 'second')])
      expect(outcome?.outcome).toBe('uncertain')
      expect(outcome?.error?.code).toBe('ERR_CONNECTION_LOST')
      await publish(store.broker, outgoing(`${queue}-other`, 'third'))
      expect(await raw.lrange(`${queue}-other`, 0, -1)).toEqual(['first', 'second', 'third'])
      await raw.del(`${queue}-other`)
    })

    it('of a send with its state: sending again does not publish twice', async () => {
      const queue = service.namespace()
      const { proxy, store, raw } = await setUp(queue)
      const other = `${queue}-other`
      const fused = store.broker.sameStore?.(store.backend)
      const uuid = `task_${queue}`
      const unit = {
        groups: [],
        messages: [{ message: outgoing(other, 'once'), pending: pendingWrite(uuid) }],
      }
      await raw.del(uuid)
      // So that the server knows the script: the first reply would be that it does not.
      await fused?.send([{ groups: [], messages: [] }])
      proxy.loseNextReply()
      const [first] = (await fused?.send([unit])) ?? []
      expect(first?.publish.outcome).toBe('uncertain')
      const [again] = (await fused?.send([unit])) ?? []
      expect(again).toEqual({ publish: { outcome: 'stored' }, states: ['pending'] })
      expect(await raw.lrange(other, 0, -1)).toEqual(['once'])
      await raw.del(other, uuid)
    })

    it('of a finish: it happened, and the next one is fenced', async () => {
      const queue = service.namespace()
      const { proxy, store, consumer, raw } = await setUp(queue)
      const fused = store.broker.sameStore?.(store.backend)
      await raw.rpush(queue, 'warm up', 'a')
      const [warmUp, delivery] = await claimAll(consumer, 2)
      const uuid = `task_${queue}`
      await raw.del(uuid)
      expect(await fused?.finish([finishUnit(warmUp?.id ?? '')])).toEqual(['done'])
      const unit = finishUnit(delivery?.id ?? '', { commit: commitWrite(uuid, delivery?.id ?? '') })
      proxy.loseNextReply()
      const lost = await fused?.finish([unit]).catch((error: unknown) => error)
      expect(isMachineryError(lost, 'ERR_CONNECTION_LOST'), String(lost)).toBe(true)
      expect(await fused?.finish([unit])).toEqual(['fenced'])
      const [state] = await store.backend.tasks.get([uuid])
      expect(state?.state).toBe('SUCCESS')
      expect(await raw.exists(queueKeys(queue).land, queue)).toBe(0)
      await raw.del(uuid)
    })
  })

  it('notices a connection through which nothing comes, and resumes when it is healed', async () => {
    const queue = service.namespace()
    const proxy = closing(await proxyTo(service.url))
    const store = await openStore({ url: proxy.url, commandTimeoutMs: 300, connectTimeoutMs: 300 })
    const consumer = await consume(store.broker, queue)
    await consumer.claim(1)
    proxy.swallow()
    const started = performance.now()
    const [outcome] = await store.broker.publish([outgoing(queue, 'swallowed')])
    expect(outcome?.outcome).toBe('uncertain')
    const [refused] = await store.broker.publish([outgoing(queue, 'refused')])
    expect(refused?.outcome).toBe('refused')
    expect(performance.now() - started).toBeLessThan(3_000)
    proxy.heal()
    await rawClient(service.url).rpush(queue, 'healed')
    const deliveries = await claimThroughErrors(consumer, 1)
    expect(bodies(deliveries)).toEqual(['healed'])
    await consumer.settle(deliveries.map(ack))
  })

  it('subscribes again after a lost connection, and tells every watcher to look', async () => {
    const proxy = closing(await proxyTo(service.url))
    const store = await openStore({ url: proxy.url })
    const uuid = `task_${service.namespace()}`
    let told = 0
    const unwatch = await store.backend.watch?.([uuid], () => told++)
    await rawClient(service.url).call('client', 'kill', 'type', 'pubsub')
    await waitFor(() => told > 0, { what: 'told after the reconnection' })
    const before = told
    await waitFor(
      async () => {
        await store.backend.tasks.commit([commitWrite(uuid, 'any', { expiresInMs: 10_000 })])
        await store.backend.tasks.purge([uuid])
        return told > before
      },
      { what: 'told by the new subscription' },
    )
    unwatch?.()
  })
})

describe('a server of its own', () => {
  let server: Service | undefined
  const url = (): string => server?.url ?? ''

  beforeAll(async () => {
    const { urlVariable: _, ...definition } = SERVICES.redis
    const own = { ...definition, urlVariable: 'NONE_SUCH' }
    server = await startService(own, await findService(own))
  }, 60_000)
  afterAll(() => server?.stop(), 20_000)

  it('that is frozen: nothing twice, and all goes on when it is not', async () => {
    const store = await openStore({ url: url(), commandTimeoutMs: 400, connectTimeoutMs: 400 })
    const consumer = await consume(store.broker, 'frozen')
    await publish(store.broker, outgoing('frozen', 'before'))
    const [before] = await claimAll(consumer, 1)
    process.kill(server?.pid ?? 0, 'SIGSTOP')
    const outcomes = await store.broker.publish([outgoing('frozen', 'during')])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['uncertain'])
    process.kill(server?.pid ?? 0, 'SIGCONT')
    const resumedAt = performance.now()
    await waitFor(async () => {
      const [outcome] = await store.broker.publish([outgoing('frozen', 'after')])
      return outcome?.outcome === 'stored'
    })
    const deliveries = await claimThroughErrors(consumer, 2)
    expect(bodies(deliveries)).toEqual(['during', 'after'])
    expect(performance.now() - resumedAt).toBeLessThan(5_000)
    if (before === undefined) throw new Error('one message was claimed before')
    expect(await consumer.settle([before, ...deliveries].map(ack))).toEqual(['settled', 'settled', 'settled'])
  }, 20_000)

  it('that is full refuses publishes, hands over and acknowledges, and goes on when there is room', async () => {
    const store = await openStore({ url: url() })
    const raw = rawClient(url())
    const consumer = await consume(store.broker, 'full')
    await publish(store.broker, outgoing('full', 'a'), outgoing('full', 'b', { priority: 1 }))
    await raw.config('SET', 'maxmemory', '1')
    const delayed = { delayMs: 1_000 }
    const outcomes = await store.broker.publish([outgoing('full', 'c'), outgoing('full', 'd', delayed)])
    expect(outcomes.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['refused', 'ERR_STORE_FULL'],
      ['refused', 'ERR_STORE_FULL'],
    ])
    const pending = await store.backend.tasks
      .pending([pendingWrite('task_full')])
      .catch((error: unknown) => error)
    expect(isMachineryError(pending, 'ERR_STORE_FULL'), String(pending)).toBe(true)
    const deliveries = await claimAll(consumer, 2)
    expect(bodies(deliveries)).toEqual(['b', 'a'])
    expect(await consumer.settle(deliveries.map(ack))).toEqual(['settled', 'settled'])
    await raw.config('SET', 'maxmemory', '0')
    await publish(store.broker, outgoing('full', 'e'))
    expect(bodies(await claimAll(consumer, 1))).toEqual(['e'])
  })

  it('that is full runs what makes room also where scripts have no flags', async () => {
    const raw = rawClient(url())
    const { queue, land, registry, counts, dead, priorities, flying } = queueKeys('full-old')
    const step = [queue, land, registry, flying('c'), counts, dead, priorities, 'delayed', 'delayed:z']
    const all = [queue, land, registry, flying('c'), counts, dead, priorities]
    await raw.rpush(queue, 'a', 'b')
    await raw.hset(registry, 'c', '0')
    await raw.config('SET', 'maxmemory', '1')
    const run = (name: 'step' | 'beat' | 'reap', keys: readonly string[], ...args: readonly string[]) =>
      raw.eval(scriptText(name, false), keys.length, ...keys, ...args)
    expect(await run('beat', [registry], 'c')).toBe(1)
    expect(await run('step', step, 'c', '1', '2', '0')).toEqual([2, '', '1=0,2=0,', 'a', 'b'])
    expect(await run('step', step, 'c', '2', '0', '1', '1:1')).toEqual([1, '', ''])
    expect(await run('reap', all, 'c', '1', '1', '30')).toBe(1)
    await raw.config('SET', 'maxmemory', '0')
    expect(await raw.lrange(queue, 0, -1)).toEqual(['b'])
    await raw.del(queue, counts)
  })

  it('without a replica does not answer for two', async () => {
    const store = await openStore({ url: url(), durability: 'replicated' })
    const [outcome] = await store.broker.publish([outgoing('replicated', 'a')])
    expect(outcome?.outcome).toBe('uncertain')
    expect(outcome?.error?.code).toBe('ERR_PUBLISH_UNCERTAIN')
  })

  it('before 7.2 cannot say what is on its disk', async () => {
    const version = /redis_version:(\d+)\.(\d+)/.exec(await rawClient(url()).info('server'))
    const isOld = Number(version?.[1]) * 100 + Number(version?.[2]) < 702
    const opened = await openStore({ url: url(), durability: 'fsync' }).catch((error: unknown) => error)
    expect(isMachineryError(opened, 'ERR_UNSUPPORTED')).toBe(isOld)
  })

  it('that forgot a settlement, as after a failover: what it came back to is handed over again', async () => {
    const store = await openStore({ url: url() })
    const raw = rawClient(url())
    const consumer = await consume(store.broker, 'rolled back')
    await publish(store.broker, outgoing('rolled back', 'a'), outgoing('rolled back', 'b'))
    const [a, b] = await claimAll(consumer, 2)
    if (a === undefined || b === undefined) throw new Error('two messages were claimed')
    const { flying } = queueKeys('rolled back')
    const [holder, ...field] = a.id.split(':')
    const [key, name] = [flying(holder ?? ''), field.join(':')]
    const before = await raw.hgetBuffer(key, name)
    expect(await consumer.settle([ack(a)])).toEqual(['settled'])
    await raw.hset(key, name, before ?? '')
    await raw.call('client', 'kill', 'type', 'normal', 'skipme', 'yes')
    const again = await claimThroughErrors(consumer, 1)
    expect(bodies(again)).toEqual(['a'])
    expect(again.map(({ deliveryCount }) => deliveryCount)).toEqual([0])
    expect(await consumer.settle([...again, b].map(ack))).toEqual(['settled', 'settled'])
  })

  it('that forgot its consumers, as after a failover: they register anew and go on', async () => {
    const store = await openStore({ url: url() })
    const lost: string[] = []
    const consumer = await consume(store.broker, 'forgetful', (ids) => lost.push(...ids))
    await publish(store.broker, outgoing('forgetful', 'a'))
    const [held] = await claimAll(consumer, 1)
    await rawClient(url()).flushall()
    await publish(store.broker, outgoing('forgetful', 'b'))
    expect(bodies(await claimAll(consumer, 1))).toEqual(['b'])
    expect(lost).toEqual([held?.id])
    if (held === undefined) return
    expect(await consumer.settle([ack(held)])).toEqual(['lost'])
  })
})
