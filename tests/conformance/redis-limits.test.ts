import { describe, expect, it } from 'vitest'

import { type Logger, silentLogger } from '../../src/core/logger.ts'
import { pendingWrite } from '../../src/testing/backend-harness.ts'
import { finishUnit } from '../../src/testing/same-store-harness.ts'
import { describeService } from '../support/services.ts'
import { claimAll, consume, openStore, outgoing, publish, rawClient } from './redis-fixture.ts'

await describeService('redis', (service) => {
  describe('maxQueueLength', () => {
    const setUp = async (maxQueueLength: number) => {
      const queue = service.namespace()
      const delayedKey = `${queue}-delayed`
      const store = await openStore({ url: service.url, delayedKey, maxQueueLength })
      const raw = rawClient(service.url)
      const clean = () => raw.del(queue, delayedKey, `mq:{${queue}}:p`, `mq:{${delayedKey}}:z`)
      return { queue, store, raw, clean }
    }

    it('refuses what is above it, message by message, and takes it when there is room', async () => {
      const { queue, store, clean } = await setUp(3)
      const outcomes = await store.broker.publish([
        outgoing(queue, 'a'),
        outgoing(queue, 'b', { priority: 1 }),
        outgoing(queue, 'later', { delayMs: 3_600_000 }),
        outgoing(queue, 'c'),
        outgoing(queue, 'd'),
        outgoing(queue, 'e', { priority: 9 }),
      ])
      expect(outcomes.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
        ['stored', undefined],
        ['stored', undefined],
        ['stored', undefined],
        ['stored', undefined],
        ['refused', 'ERR_QUEUE_FULL'],
        ['refused', 'ERR_QUEUE_FULL'],
      ])
      expect(outcomes.at(-1)?.error).toMatchObject({ retryable: true, details: { queue, limit: 3 } })
      const consumer = await consume(store.broker, queue)
      const [first] = await claimAll(consumer, 1)
      await publish(store.broker, outgoing(queue, 'f'))
      // What was taken once is taken back.
      await consumer.settle([{ id: first?.id ?? '', kind: 'release', delayMs: 0, counted: false }])
      expect((await store.broker.inspector?.stats(queue))?.pending).toBe(4)
      await clean()
    })

    it('refuses a send as a whole, and nothing of it happens', async () => {
      const { queue, store, raw, clean } = await setUp(2)
      const fused = store.broker.sameStore?.(store.backend)
      const unit = (...names: readonly string[]) => ({
        groups: [{ groupUuid: `group_${queue}`, taskUuids: [], createdAt: '', expiresInMs: 1_000 }],
        messages: names.map((name) => ({
          message: outgoing(queue, name),
          pending: pendingWrite(`${name}_${queue}`),
        })),
      })
      const [refused, stored] = (await fused?.send([unit('a', 'b', 'c'), unit('a', 'b')])) ?? []
      expect(refused?.publish).toMatchObject({ outcome: 'refused', error: { code: 'ERR_QUEUE_FULL' } })
      expect(stored).toMatchObject({ publish: { outcome: 'stored' }, states: ['written', 'written'] })
      expect(await raw.exists(`c_${queue}`)).toBe(0)
      // Sent again, nothing has to be published: there is room for that.
      expect(await fused?.send([unit('a', 'b')])).toMatchObject([
        { publish: { outcome: 'stored' }, states: ['pending', 'pending'] },
      ])
      expect(await raw.lrange(queue, 0, -1)).toEqual(['a', 'b'])
      await raw.del(`group_${queue}`, `a_${queue}`, `b_${queue}`)
      await clean()
    })

    it('takes what follows from a task that ran, which makes room', async () => {
      const { queue, store, raw, clean } = await setUp(1)
      const fused = store.broker.sameStore?.(store.backend)
      await publish(store.broker, outgoing(queue, 'a'))
      const consumer = await consume(store.broker, queue)
      const [delivery] = await claimAll(consumer, 1)
      await publish(store.broker, outgoing(queue, 'b'))
      const next = [{ message: outgoing(queue, 'c'), pending: undefined }]
      expect(await fused?.finish([finishUnit(delivery?.id ?? '', { next })])).toEqual(['done'])
      expect(await raw.llen(queue)).toBe(2)
      await clean()
    })
  })

  describe('maxDead', () => {
    it('drops nothing: what would be one dead letter too many comes again, and a warning is logged', async () => {
      const queue = service.namespace()
      const delayedKey = `${queue}-delayed`
      const warnings: string[] = []
      const logger: Logger = { ...silentLogger, warn: (_, text) => void warnings.push(text) }
      const store = await openStore({ url: service.url, delayedKey, maxDead: 1, logger })
      await publish(store.broker, ...['a', 'b', 'c'].map((text) => outgoing(queue, text)))
      const consumer = await consume(store.broker, queue)
      const [a, b, c] = await claimAll(consumer, 3)
      const dead = (id = '') => ({ id, kind: 'deadLetter', reason: 'no use' }) as const
      expect(await consumer.settle([dead(a?.id), dead(b?.id), { id: c?.id ?? '', kind: 'ack' }])).toEqual([
        'settled',
        'settled',
        'settled',
      ])
      expect(await store.broker.inspector?.stats(queue)).toMatchObject({
        pending: 0,
        delayed: 1,
        inFlight: 0,
        dead: 1,
      })
      expect(warnings.filter((text) => text.includes('maxDead'))).toHaveLength(1)
      await store.broker.inspector?.purge(queue, 'dead')
      await store.broker.inspector?.purge(queue, 'waiting')
    })
  })
})
