import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../../../src/core/ports/broker.ts'
import { memoryBroker, memoryStore } from '../../../../src/drivers/memory/index.ts'
import { ack, outgoing, release, texts } from '../../../../src/testing/broker-harness.ts'
import { fakeClock, memoryFaults } from '../../../../src/testing/index.ts'

const { signal } = new AbortController()
const options = { maxUnsettled: 64, onLost: () => {} } as const

describe('memory broker', () => {
  it('refuses messages above maxQueueLength, counting delayed ones, and takes them when there is room', async () => {
    const broker = memoryBroker({ clock: fakeClock(), maxQueueLength: 2 })
    const first = await broker.publish([
      outgoing('q', 'a', { delayMs: 1_000 }),
      outgoing('q', 'b'),
      outgoing('q', 'c'),
    ])
    expect(first).toMatchObject([
      { outcome: 'stored' },
      { outcome: 'stored' },
      { outcome: 'refused', error: { code: 'ERR_QUEUE_FULL', retryable: true } },
    ])
    expect(first[2]?.error?.message).toBe('queue "q" holds 2 messages, maxQueueLength is 2')
    expect(await broker.publish([outgoing('other', 'a')])).toMatchObject([{ outcome: 'stored' }])
    const consumer = await broker.consume('q', options)
    await consumer.settle((await consumer.claim(1, signal)).map(ack))
    expect(await broker.publish([outgoing('q', 'c')])).toMatchObject([{ outcome: 'stored' }])
  })

  it('takes messages back above maxQueueLength, since they were taken once', async () => {
    const broker = memoryBroker({ clock: fakeClock(), maxQueueLength: 1 })
    await broker.publish([outgoing('q', 'a')])
    const consumer = await broker.consume('q', options)
    const [a] = await consumer.claim(1, signal)
    await broker.publish([outgoing('q', 'b')])
    expect(await consumer.settle([release(a as Delivery)])).toEqual(['settled'])
    expect(texts(await consumer.claim(2, signal))).toEqual(['a', 'b'])
  })

  it('refuses a maxQueueLength that is no number of at least 1', () => {
    for (const maxQueueLength of [0, -1, Number.NaN]) {
      expect(() => memoryBroker({ maxQueueLength })).toThrow(`maxQueueLength is ${maxQueueLength}`)
    }
  })

  it('refuses a delay that is no delay', async () => {
    const broker = memoryBroker({ clock: fakeClock() })
    for (const delayMs of [-1, Number.NaN]) {
      const [outcome] = await broker.publish([outgoing('q', 'a', { delayMs })])
      expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'ERR_OPTION_INVALID' } })
    }
  })

  it('delivers at the millisecond, sets one timer for any number of delays, and only while a claim waits', async () => {
    const clock = fakeClock()
    const broker = memoryBroker({ clock })
    const delays = [40, 10, 30, 10, 20]
    await broker.publish(delays.map((delayMs, index) => outgoing('q', `${delayMs}:${index}`, { delayMs })))
    expect(clock.pendingTimers).toBe(0)
    const consumer = await broker.consume('q', options)
    const seen: string[] = []
    const collect = async (): Promise<void> => {
      while (seen.length < delays.length) {
        for (const body of texts(await consumer.claim(1, signal))) seen.push(`${body}@${clock.monotonic()}`)
      }
    }
    const collected = collect()
    await clock.settle()
    expect(clock.pendingTimers).toBe(1)
    await clock.advance(40)
    await collected
    expect(seen).toEqual(['10:1@10', '10:3@10', '20:4@20', '30:2@30', '40:0@40'])
    expect(clock.pendingTimers).toBe(0)
    await broker.publish([outgoing('q', 'far', { delayMs: 1_000 })])
    const waiting = consumer.claim(1, signal)
    expect(clock.pendingTimers).toBe(1)
    await broker.close()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('moves its timer when something sooner comes', async () => {
    const clock = fakeClock()
    const broker = memoryBroker({ clock })
    const consumer = await broker.consume('q', options)
    const claimed = consumer.claim(2, signal)
    await broker.publish([outgoing('q', 'late', { delayMs: 1_000 })])
    await broker.publish([outgoing('q', 'soon', { delayMs: 10 })])
    expect(clock.pendingTimers).toBe(1)
    await clock.advance(10)
    expect(texts(await claimed)).toEqual(['soon'])
  })

  it('keeps to the monotonic time when the wall time jumps', async () => {
    const clock = fakeClock()
    const broker = memoryBroker({ clock })
    await broker.publish([outgoing('q', 'later', { delayMs: 1_000 })])
    clock.jump(-86_400_000)
    expect(await broker.inspector?.stats('q')).toMatchObject({ pending: 0, delayed: 1 })
    const [delayed] = (await broker.inspector?.delayed({ offset: 0, limit: 1 })) ?? []
    expect(delayed?.dueAt).toBe(clock.now() + 1_000)
    await clock.advance(1_000)
    expect(await broker.inspector?.stats('q')).toMatchObject({ pending: 1, delayed: 0 })
  })

  it('keeps the order of 10,000 messages through releases and a growing line', async () => {
    const broker = memoryBroker({ clock: fakeClock() })
    const names = Array.from({ length: 10_000 }, (_, index) => `${index}`)
    const consumer = await broker.consume('q', { ...options, maxUnsettled: 100 })
    const received: string[] = []
    await broker.publish(names.slice(0, 5_000).map((name) => outgoing('q', name)))
    for (let round = 0; received.length < names.length; round++) {
      if (round === 20) await broker.publish(names.slice(5_000).map((name) => outgoing('q', name)))
      const deliveries = await consumer.claim(100, signal)
      const keep = deliveries.slice(0, 60)
      received.push(...texts(keep))
      await consumer.settle([
        ...keep.map(ack),
        ...deliveries
          .slice(60)
          .toReversed()
          .map((delivery) => release(delivery)),
      ])
    }
    expect(received).toEqual(names)
  })

  it('finds the oldest of the pending, whatever its place and priority', async () => {
    const clock = fakeClock(1_000)
    const broker = memoryBroker({ clock })
    await broker.publish([outgoing('q', 'delayed', { delayMs: 50 })])
    await clock.advance(10)
    await broker.publish([outgoing('q', 'second', { priority: 9 })])
    await clock.advance(100)
    expect(await broker.inspector?.stats('q')).toMatchObject({ pending: 2, oldestPendingAt: 1_000 })
  })

  it('lets other parts of one store go on when one is closed', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const other = store.open()
    const consumer = await other.broker.consume('q', options)
    const mine = await store.broker.consume('q', options)
    await store.broker.publish([outgoing('q', 'a')])
    expect(texts(await mine.claim(1, signal))).toEqual(['a'])
    await store.broker.close()
    expect(texts(await consumer.claim(1, signal))).toEqual(['a'])
    expect(other.broker.sameStore?.(store.backend)).toBeDefined()
    expect(other.broker.sameStore?.(memoryStore().backend)).toBeUndefined()
    await store.close()
    await expect(consumer.claim(1, signal)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(other.backend.tasks.get([])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(other.lock.lock('key', 0n)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await store.close()
  })

  it('does not let a broker finish what a consumer of another one holds', async () => {
    const store = memoryStore({ clock: fakeClock() })
    const other = store.open()
    const consumer = await other.broker.consume('q', options)
    await other.broker.publish([outgoing('q', 'a')])
    const [delivery] = await consumer.claim(1, signal)
    const unit = {
      deliveryId: delivery?.id ?? '',
      commit: undefined,
      retry: undefined,
      groups: [],
      next: [],
      fail: [],
      finishes: [],
    }
    expect(await store.broker.sameStore?.(store.backend)?.finish([unit])).toEqual(['fenced'])
    expect(await other.broker.sameStore?.(store.backend)?.finish([unit])).toEqual(['done'])
  })

  it('remembers the queues that held messages, and no others', async () => {
    const broker = memoryBroker({ clock: fakeClock() })
    const listening = await broker.consume('listened to', options)
    const consumer = await broker.consume('used', options)
    await broker.publish([outgoing('used', 'a')])
    await consumer.settle((await consumer.claim(1, signal)).map(ack))
    await listening.close()
    await consumer.close()
    expect(await broker.inspector?.queues()).toEqual(['used'])
  })

  it('never gives one id in two stores, since an id is also the token of a commit', async () => {
    const ids = new Set<string>()
    for (const seed of [1, 2, 3]) {
      const broker = memoryBroker({ clock: fakeClock(0, seed) })
      const consumer = await broker.consume('q', options)
      await broker.publish([outgoing('q', 'a'), outgoing('q', 'b')])
      for (const { id } of await consumer.claim(2, signal)) ids.add(id)
    }
    expect(ids.size).toBe(6)
  })
})

describe('faults of a memory store', () => {
  it('kills a consumer: its claim ends with a retryable error and what it held is counted', async () => {
    const store = memoryStore({ clock: fakeClock() })
    const faults = memoryFaults(store)
    const lost: string[] = []
    const dead = await store.broker.consume('q', { ...options, onLost: (ids) => lost.push(...ids) })
    await store.broker.publish([outgoing('q', 'a')])
    await dead.claim(1, signal)
    const waiting = dead.claim(1, signal)
    faults.crash(dead)
    faults.crash(dead)
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST', retryable: true })
    const next = await store.broker.consume('q', options)
    expect(await next.claim(1, signal)).toMatchObject([{ deliveryCount: 1 }])
    expect(lost).toEqual([])
  })

  it('takes single leases away, of several consumers, and ignores what nobody holds', async () => {
    const store = memoryStore({ clock: fakeClock() })
    const faults = memoryFaults(store)
    const lost: (readonly string[])[] = []
    const listen = () => store.broker.consume('q', { ...options, onLost: (ids) => lost.push(ids) })
    const [one, other] = [await listen(), await listen()]
    await store.broker.publish(['a', 'b', 'c'].map((name) => outgoing('q', name)))
    const [a, b] = await one.claim(2, signal)
    const [c] = await other.claim(1, signal)
    faults.loseLease([a?.id ?? '', c?.id ?? '', 'no such delivery'])
    expect(lost).toEqual([[a?.id], [c?.id]])
    expect(faults.held()).toEqual([b?.id])
    expect(faults.held(other)).toEqual([])
    expect(texts(await other.claim(2, signal))).toEqual(['a', 'c'])
  })

  it('wants a memory store and its consumers', () => {
    expect(() => memoryFaults({ ...memoryStore() })).toThrow('store is not a memory store')
    const stranger = {
      claim: async () => [],
      settle: async () => [],
      resize: async () => {},
      close: async () => {},
    }
    expect(() => memoryFaults(memoryStore()).crash(stranger)).toThrow(
      'consumer is not one of a memory broker',
    )
  })
})
