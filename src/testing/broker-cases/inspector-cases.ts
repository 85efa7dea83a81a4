import assert from 'node:assert/strict'
import { assertBytes } from '../assert-bytes.ts'
import type { Inspector } from '../../core/ports/inspector.ts'
import {
  ack,
  at,
  type BrokerCase,
  type BrokerTest,
  deadLetter,
  outgoing,
  texts,
  startClaim,
} from '../broker-harness.ts'

const ALL = { offset: 0, limit: 100 } as const

/** The inspector, or undefined after asserting that the capabilities say so. */
function inspectorOf(t: BrokerTest): Inspector | undefined {
  const { inspector, capabilities } = t.broker
  assert.equal(
    inspector !== undefined,
    capabilities.inspection,
    'capabilities.inspection must tell whether inspector is there',
  )
  return inspector
}

/** Looking into queues, redrive and purge. */
export function inspectorCases(test: BrokerCase): void {
  test('counts what is pending, delayed, in flight and dead', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const queue = t.newQueue()
    const before = t.session.clock.now()
    await t.publish(queue, ['a', 'b', 'c', 'd'])
    const delayed = t.broker.capabilities.delay === 'none' ? 0 : 1
    if (delayed > 0) await t.publish(queue, ['later'], { delayMs: 3_600_000 })
    const consumer = await t.consume(queue)
    const [poison] = await t.claim(consumer, 2)
    assert.ok(poison)
    await t.settle(consumer, deadLetter(poison, 'no'))
    const { oldestPendingAt, ...stats } = await t.settled(inspector.stats(queue), 'stats')
    assert.deepEqual(stats, { queue, pending: 2, delayed, inFlight: 1, dead: 1 })
    if (oldestPendingAt !== undefined) assert.ok(Math.abs(oldestPendingAt - before) < 5_000)
    const empty = await t.settled(inspector.stats(t.newQueue()), 'stats')
    assert.deepEqual({ ...empty, queue: '' }, { ...EMPTY, oldestPendingAt: undefined })
  })

  test('shows pending messages without taking them', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c'])
    const peek = async (offset: number, limit: number): Promise<readonly string[]> =>
      texts(
        (await t.settled(inspector.pending(queue, { offset, limit }), 'pending')).map((body) => ({ body })),
      )
    assert.deepEqual(await peek(0, 100), ['a', 'b', 'c'])
    assert.deepEqual(await peek(1, 1), ['b'])
    assert.deepEqual(await peek(3, 5), [])
    const deliveries = await t.claim(await t.consume(queue), 3)
    const { ordering, countsExactly } = t.broker.capabilities
    const received = ordering === 'fifo' ? texts(deliveries) : texts(deliveries).toSorted()
    assert.deepEqual(received, ['a', 'b', 'c'])
    if (countsExactly) assert.ok(deliveries.every(({ deliveryCount }) => deliveryCount === 0))
    assert.deepEqual(await peek(0, 100), [])
  })

  test('shows delayed messages, soonest first', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    if (t.broker.capabilities.delay === 'none') {
      return assert.deepEqual(await t.settled(inspector.delayed(ALL), 'delayed'), [])
    }
    const [one, other] = [t.newQueue(), t.newQueue()]
    const before = t.session.clock.now()
    await t.publish(one, ['second'], { delayMs: 1_800_000 })
    await t.publish(other, ['first'], { delayMs: 900_000 })
    const all = await t.settled(inspector.delayed({ offset: 0, limit: 1_000 }), 'delayed')
    const ours = all.filter(({ queue }) => queue === one || queue === other)
    assert.deepEqual(texts(ours), ['first', 'second'])
    assert.deepEqual(
      ours.map(({ queue }) => queue),
      [other, one],
    )
    assert.ok(Math.abs(at(ours, 0).dueAt - before - 900_000) < 5_000)
  })

  test('keeps a dead letter with bytes, reason and count, and redrives it with a count of 0', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const queue = t.newQueue()
    const body = Uint8Array.of(0, 255, 123, 10)
    await t.settled(t.broker.publish([outgoing(queue, body)]), 'publish')
    const consumer = await t.consume(queue)
    await t.settle(consumer, {
      id: at(await t.claim(consumer, 1), 0).id,
      kind: 'release',
      delayMs: 0,
      counted: true,
    })
    await t.settle(consumer, deadLetter(at(await t.claim(consumer, 1), 0), 'undecodable: ☃ "x"'))
    const dead = at(await t.settled(inspector.dead(queue, ALL), 'dead'), 0)
    assertBytes(dead.body, body)
    assert.equal(dead.queue, queue)
    assert.equal(dead.reason, 'undecodable: ☃ "x"')
    assert.ok(Math.abs(dead.deadAt - t.session.clock.now()) < 5_000)
    if (t.broker.capabilities.countsReleases) assert.equal(dead.deliveryCount, 1)
    await t.expectNothing(consumer)
    assert.equal(await t.settled(inspector.redrive(queue, [dead.id, 'no such letter']), 'redrive'), 1)
    assert.equal(await t.settled(inspector.redrive(queue, [dead.id]), 'redrive'), 0)
    const again = at(await t.claim(consumer, 1), 0)
    assertBytes(again.body, body)
    assert.equal(again.deliveryCount, 0)
    assert.deepEqual(await t.settled(inspector.dead(queue, ALL), 'dead'), [])
  })

  test('wakes a waiting claim by redrive', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const queue = t.newQueue()
    await t.publish(queue, ['again'])
    const consumer = await t.consume(queue)
    await t.settle(consumer, deadLetter(at(await t.claim(consumer, 1), 0), 'no'))
    const waiting = startClaim(consumer, 1)
    const [dead] = await t.settled(inspector.dead(queue, ALL), 'dead')
    assert.ok(dead)
    await t.settled(inspector.redrive(queue, [dead.id]), 'redrive')
    assert.deepEqual(texts(await t.settled(waiting, 'claim')), ['again'])
  })

  test('lists dead letters of one queue oldest first, page by page', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const [queue, other] = [t.newQueue(), t.newQueue()]
    for (const name of [queue, other]) {
      await t.publish(name, ['a', 'b', 'c'])
      const consumer = await t.consume(name, { maxUnsettled: 1 })
      for (let index = 0; index < 3; index++) {
        await t.settle(consumer, deadLetter(at(await t.claim(consumer, 1), 0), `no ${index}`))
      }
    }
    assert.deepEqual(texts(await t.settled(inspector.dead(queue, ALL), 'dead')), ['a', 'b', 'c'])
    assert.deepEqual(texts(await t.settled(inspector.dead(queue, { offset: 1, limit: 1 }), 'dead')), ['b'])
  })

  test('purges what waits, and leaves what is in flight or dead', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const [queue, other] = [t.newQueue(), t.newQueue()]
    await t.publish(queue, ['a', 'b', 'c', 'd'])
    await t.publish(other, ['other'])
    const delayed = t.broker.capabilities.delay === 'none' ? 0 : 1
    const laterMs = Math.max(60, t.delayToleranceMs)
    if (delayed > 0) await t.publish(queue, ['later'], { delayMs: laterMs })
    const consumer = await t.consume(queue)
    const [poison, held] = await t.claim(consumer, 2)
    assert.ok(poison && held)
    await t.settle(consumer, deadLetter(poison, 'no'))
    assert.equal(await t.settled(inspector.purge(queue, 'waiting'), 'purge'), 2 + delayed)
    const { oldestPendingAt, ...stats } = await t.settled(inspector.stats(queue), 'stats')
    assert.deepEqual(stats, { queue, pending: 0, delayed: 0, inFlight: 1, dead: 1 })
    assert.equal(oldestPendingAt, undefined)
    await t.pass(laterMs)
    await t.expectNothing(consumer)
    await t.settle(consumer, ack(held))
    assert.equal(await t.settled(inspector.purge(queue, 'dead'), 'purge'), 1)
    assert.deepEqual(await t.settled(inspector.dead(queue, ALL), 'dead'), [])
    assert.equal(await t.settled(inspector.purge(queue, 'dead'), 'purge'), 0)
    assert.deepEqual(texts(await t.claim(await t.consume(other), 1)), ['other'])
  })

  test('names the queues that hold messages', async (t) => {
    const inspector = inspectorOf(t)
    if (inspector === undefined) return
    const [one, other] = [t.newQueue(), t.newQueue(' ☃')]
    await t.publish(one, ['a', 'b'])
    await t.publish(other, ['c'])
    const names = await t.settled(inspector.queues(), 'queues')
    assert.equal(new Set(names).size, names.length, 'a queue is named twice')
    assert.ok(names.includes(one) && names.includes(other), `${names.join(', ')} lacks a queue`)
  })
}

const EMPTY = { queue: '', pending: 0, delayed: 0, inFlight: 0, dead: 0 } as const
