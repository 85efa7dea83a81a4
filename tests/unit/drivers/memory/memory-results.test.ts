import { describe, expect, it } from 'vitest'
import { ExpiringMap } from '../../../../src/drivers/memory/expiring-map.ts'
import { memoryBackend, memoryLock, memoryStore } from '../../../../src/drivers/memory/index.ts'
import { commitWrite, pendingWrite } from '../../../../src/testing/backend-harness.ts'
import { fakeClock } from '../../../../src/testing/index.ts'
import { finishUnit, guarded } from '../../../../src/testing/same-store-harness.ts'

describe('ExpiringMap', () => {
  it('forgets what ran out, and removes it while others are written', () => {
    let now = 0
    const map = new ExpiringMap<number>(() => now)
    for (let index = 0; index < 1_000; index++) map.set(`old ${index}`, index, 10)
    expect(map.get('old 5')).toBe(5)
    now = 10
    expect(map.get('old 5')).toBeUndefined()
    expect(map.size).toBe(1_000)
    for (let index = 0; index < 1_500; index++) map.set(`new ${index % 10}`, index, 10)
    expect(map.size).toBe(10)
  })

  it('stays bounded when entries come and go', () => {
    let now = 0
    const map = new ExpiringMap<number>(() => now)
    let largest = 0
    for (; now < 100_000; now++) {
      map.set(`${now}`, now, 100)
      largest = Math.max(largest, map.size)
    }
    expect(largest).toBeLessThan(400)
  })
})

describe('memory backend', () => {
  it('keeps an unfinished state for 24 h exactly, and a finished one for its time, whatever the wall time does', async () => {
    const clock = fakeClock()
    const { tasks } = memoryBackend({ clock })
    await tasks.pending([pendingWrite('unfinished', { expiresInMs: 5 })])
    await tasks.commit([commitWrite('finished', '', { expiresInMs: 5 })])
    clock.jump(30 * 86_400_000)
    await clock.advance(4)
    expect(await tasks.get(['finished'])).toMatchObject([{ state: 'SUCCESS' }])
    await clock.advance(1)
    expect(await tasks.get(['finished'])).toEqual([undefined])
    await clock.advance(86_400_000 - 6)
    expect(await tasks.get(['unfinished'])).toMatchObject([{ state: 'PENDING' }])
    await clock.advance(1)
    expect(await tasks.get(['unfinished'])).toEqual([undefined])
    expect(clock.pendingTimers).toBe(0)
  })

  it('tells who watches after the transaction, and lets watches of one backend end with it alone', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const other = store.open()
    const told: string[] = []
    await store.backend.watch?.(['task_1'], () => told.push('first'))
    const unwatch = await other.backend.watch?.(['task_1', 'task_1'], () => told.push('other'))
    await store.backend.tasks.pending([pendingWrite('task_1')])
    await clock.settle()
    expect(told.toSorted()).toEqual(['first', 'other'])
    await store.backend.close()
    await other.backend.tasks.commit([commitWrite('task_1', '')])
    await clock.settle()
    expect(told.toSorted()).toEqual(['first', 'other', 'other'])
    unwatch?.()
    await other.backend.tasks.purge(['task_1'])
    await clock.settle()
    expect(told).toHaveLength(3)
  })
})

describe('memory same store', () => {
  it('counts what a unit adds to a queue that is nearly full, and does nothing of it when it is too much', async () => {
    const store = memoryStore({ clock: fakeClock(), maxQueueLength: 2 })
    const fused = store.broker.sameStore?.(store.backend)
    const unit = (...uuids: readonly string[]) => ({
      groups: [],
      messages: uuids.map((uuid) => guarded('q', uuid)),
    })
    expect(await fused?.send([unit('a', 'b', 'c')])).toMatchObject([
      {
        publish: { outcome: 'refused', error: { code: 'ERR_QUEUE_FULL' } },
        states: ['written', 'written', 'written'],
      },
    ])
    expect(await store.backend.tasks.get(['a'])).toEqual([undefined])
    await store.backend.tasks.commit([commitWrite('done', '')])
    expect(await fused?.send([unit('a', 'done', 'b')])).toMatchObject([
      { publish: { outcome: 'stored' }, states: ['written', 'exists', 'written'] },
    ])
    const consumer = await store.broker.consume('q', { maxUnsettled: 1, onLost: () => {} })
    const [delivery] = await consumer.claim(1, new AbortController().signal)
    const next = [guarded('q', 'c'), guarded('q', 'd')]
    expect(await fused?.finish([finishUnit(delivery?.id ?? '', { next })])).toEqual(['failed'])
    expect(await fused?.finish([finishUnit(delivery?.id ?? '', { next: next.slice(1) })])).toEqual(['done'])
  })
})

describe('memory lock', () => {
  it('is held up to and including its last nanosecond', async () => {
    const clock = fakeClock(1_000)
    const lock = memoryLock({ clock })
    expect(await lock.lock('key', 1_010_000_000n)).toBe(true)
    await clock.advance(10)
    expect(await lock.lock('key', 2_000_000_000n)).toBe(false)
    await clock.advance(1)
    expect(await lock.lock('key', 2_000_000_000n)).toBe(true)
  })
})
