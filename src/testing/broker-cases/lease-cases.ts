import assert from 'node:assert/strict'
import { isMachineryError } from '../../core/errors.ts'
import { ack, at, type BrokerCase, release, texts } from '../broker-harness.ts'

/** Consumers that die or lose their leases, and stores that are opened again. */
export function leaseCases(test: BrokerCase): void {
  test('redelivers what a dead consumer held, counted, to another consumer', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b'])
    const dead = await t.consume(queue)
    const held = await t.claim(dead, 2)
    await t.session.crash(dead)
    const next = await t.consume(queue)
    const again = await t.claim(next, 2)
    assert.deepEqual(texts(again).toSorted(), ['a', 'b'])
    assert.deepEqual(
      again.map(({ deliveryCount }) => deliveryCount),
      [1, 1],
    )
    assert.equal(new Set([...held, ...again].map(({ id }) => id)).size, 4, 'an id was used twice')
    const late = dead.settle([ack(at(held, 0))]).then(
      (outcomes) => outcomes,
      (error: unknown) => (isMachineryError(error) ? ['lost'] : [error]),
    )
    assert.deepEqual(await t.settled(late, 'settlement of the dead'), ['lost'])
    await t.settle(next, ...again.map(ack))
    await t.expectNothing(next)
  })

  test('counts every death', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['killer'])
    for (const expected of [0, 1, 2]) {
      const consumer = await t.consume(queue)
      assert.equal(at(await t.claim(consumer, 1), 0).deliveryCount, expected)
      await t.session.crash(consumer)
    }
  })

  test('leaves alone what a dead consumer had settled', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['done', 'held'])
    const consumer = await t.consume(queue)
    const [first, second] = await t.claim(consumer, 2)
    assert.ok(first && second)
    await t.settle(consumer, ack(first))
    await t.session.crash(consumer)
    const next = await t.consume(queue)
    const again = await t.claim(next, 1)
    assert.deepEqual(texts(again), texts([second]))
    await t.expectNothing(next)
  })

  test('tells a living consumer what it lost, answers lost, and lets it go on', async (t) => {
    if (t.session.expire === undefined) {
      assert.equal(
        t.broker.capabilities.leaseExtension,
        false,
        'a harness without expire needs leaseExtension: false',
      )
      return
    }
    const queue = t.newQueue()
    await t.publish(queue, ['slow'])
    const lost: string[] = []
    const slow = await t.consume(queue, { onLost: (ids) => lost.push(...ids) })
    const first = at(await t.claim(slow, 1), 0)
    await t.session.expire(slow)
    const other = await t.consume(queue)
    const second = at(await t.claim(other, 1), 0)
    assert.deepEqual(texts([second]), ['slow'])
    assert.equal(second.deliveryCount, 1)
    assert.deepEqual(await t.settled(slow.settle([ack(first)]), 'settle'), ['lost'])
    await t.until(() => lost.length > 0, 'onLost')
    assert.deepEqual(lost, [first.id])
    await t.settle(other, release(second))
    await t.settled(other.close(), 'close')
    assert.deepEqual(texts(await t.claim(slow, 1)), ['slow'])
  })

  test('prolongs a lease where it can', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['long'])
    const consumer = await t.consume(queue)
    const delivery = at(await t.claim(consumer, 1), 0)
    assert.equal(consumer.extend !== undefined, t.broker.capabilities.leaseExtension)
    await consumer.extend?.([delivery.id, 'no such delivery'], 1_000)
    await t.settle(consumer, ack(delivery))
  })

  test('keeps messages, delays, counts and dead letters when the store is opened again, if it is persistent', async (t) => {
    const { persistent, delay } = t.broker.capabilities
    if (t.session.reopen === undefined) {
      assert.equal(persistent, false, 'a harness without reopen needs persistent: false')
      return
    }
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c'])
    if (delay !== 'none') await t.publish(queue, ['in an hour'], { delayMs: 3_600_000 })
    const consumer = await t.consume(queue)
    const [a, b] = await t.claim(consumer, 2)
    assert.ok(a && b)
    await t.settle(consumer, release(a, 0, true), { id: b.id, kind: 'deadLetter', reason: 'gone' })
    const broker = await t.session.reopen()
    const next = await t.settled(broker.consume(queue, { maxUnsettled: 8, onLost: () => {} }), 'consume')
    const received = await t.claim(next, 2)
    assert.deepEqual(texts(received).toSorted(), ['a', 'c'])
    const count = received.find((delivery) => texts([delivery])[0] === 'a')?.deliveryCount
    if (broker.capabilities.countsReleases) {
      const least = broker.capabilities.countsExactly ? count : Math.min(count ?? 0, 1)
      assert.equal(least, 1)
    }
    await t.expectNothing(next)
    if (broker.inspector === undefined) return
    const stats = await broker.inspector.stats(queue)
    assert.equal(stats.dead, 1)
    if (delay !== 'none') assert.equal(stats.delayed, 1)
  })
}
