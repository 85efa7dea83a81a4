import { describe, expect, it } from 'vitest'
import type { BackendFaults, BrokerFaults } from '../../../src/testing/index.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import { commitWrite } from '../../../src/testing/backend-harness.ts'
import { ack, outgoing, texts } from '../../../src/testing/broker-harness.ts'
import { fakeClock, faultyBackend, faultyBroker } from '../../../src/testing/index.ts'

const signal = new AbortController().signal

async function open() {
  const clock = fakeClock()
  const store = memoryStore({ clock })
  const faults: BrokerFaults = {}
  const broker = faultyBroker(store.broker, faults, clock)
  const consumer = await broker.consume('q', { maxUnsettled: 8, onLost: () => {} })
  const pending = async (): Promise<number | undefined> => (await broker.inspector?.stats('q'))?.pending
  return { clock, store, faults, broker, consumer, pending }
}

describe('faulty broker', () => {
  it('is the broker itself without faults, but for sameStore', async () => {
    const { broker, consumer, store } = await open()
    expect(await broker.publish([outgoing('q', 'a')])).toEqual([{ outcome: 'stored' }])
    const deliveries = await consumer.claim(1, signal)
    expect(texts(deliveries)).toEqual(['a'])
    expect(await consumer.settle(deliveries.map(ack))).toEqual(['settled'])
    await consumer.resize(2)
    expect('sameStore' in broker).toBe(false)
    await broker.close()
    await expect(store.broker.publish([])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('refuses and rejects everything while it is down, and goes on afterwards', async () => {
    const { broker, consumer, faults, pending } = await open()
    faults.down = true
    const [outcome] = await broker.publish([outgoing('q', 'a')])
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'ERR_CONNECTION_LOST' } })
    const lost = { code: 'ERR_CONNECTION_LOST', retryable: true }
    await expect(consumer.claim(1, signal)).rejects.toMatchObject(lost)
    await expect(consumer.settle([])).rejects.toMatchObject(lost)
    await expect(consumer.resize(1)).rejects.toMatchObject(lost)
    await expect(broker.consume('q', { maxUnsettled: 1, onLost: () => {} })).rejects.toMatchObject(lost)
    expect(await pending()).toBe(0)
    faults.down = false
    expect(await broker.publish([outgoing('q', 'a')])).toEqual([{ outcome: 'stored' }])
  })

  it('is slow on the clock it was given, and an abort ends the wait', async () => {
    const { clock, broker, consumer, faults, pending } = await open()
    faults.slowMs = 50
    const published = broker.publish([outgoing('q', 'a')])
    await clock.advance(49)
    expect(await pending()).toBe(0)
    await clock.advance(1)
    expect(await published).toEqual([{ outcome: 'stored' }])
    const abort = new AbortController()
    const claimed = consumer.claim(1, abort.signal)
    abort.abort(new Error('enough'))
    await expect(claimed).rejects.toThrow('enough')
    expect(clock.pendingTimers).toBe(0)
  })

  it('duplicates, and answers uncertain with and without the message', async () => {
    const { broker, faults, pending } = await open()
    faults.duplicate = true
    await broker.publish([outgoing('q', 'a')])
    expect(await pending()).toBe(2)
    faults.duplicate = false
    faults.uncertain = 'dropped'
    const uncertain = { outcome: 'uncertain', error: { code: 'ERR_PUBLISH_UNCERTAIN' } }
    expect(await broker.publish([outgoing('q', 'b')])).toMatchObject([uncertain])
    expect(await pending()).toBe(2)
    faults.uncertain = 'stored'
    expect(await broker.publish([outgoing('q', 'c')])).toMatchObject([uncertain])
    expect(await pending()).toBe(3)
  })

  it('loses the reply to a settlement that happened', async () => {
    const { broker, consumer, faults } = await open()
    await broker.publish([outgoing('q', 'a')])
    const batch = (await consumer.claim(1, signal)).map(ack)
    faults.loseSettleReplies = true
    await expect(consumer.settle(batch)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    faults.loseSettleReplies = false
    expect(await consumer.settle(batch)).toEqual(['lost'])
  })
})

describe('faulty backend', () => {
  it('is down, slow, or loses the reply to a write that happened', async () => {
    const clock = fakeClock()
    const { backend } = memoryStore({ clock })
    const faults: BackendFaults = {}
    const faulty = faultyBackend(backend, faults, clock)
    const commit = () => faulty.tasks.commit([commitWrite('task_1', 'token')])
    faults.down = true
    await expect(commit()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    await expect(faulty.groups.get(['g'])).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    faults.down = false
    expect(await faulty.tasks.get(['task_1'])).toEqual([undefined])
    faults.loseReplies = true
    await expect(commit()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    faults.loseReplies = false
    expect(await commit()).toMatchObject([{ kind: 'done' }])
    faults.slowMs = 10
    let answered = false
    const got = faulty.tasks.get(['task_1']).then((states) => ((answered = true), states))
    await clock.advance(9)
    expect(answered).toBe(false)
    await clock.advance(1)
    expect(await got).toMatchObject([{ state: 'SUCCESS' }])
    faults.slowMs = 0
    const told: string[] = []
    const unwatch = await faulty.watch?.(['task_2'], (uuid) => told.push(uuid))
    await faulty.tasks.commit([commitWrite('task_2', 'token')])
    await clock.settle()
    expect(told).toEqual(['task_2'])
    unwatch?.()
    await faulty.close()
    await expect(backend.tasks.get([])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
