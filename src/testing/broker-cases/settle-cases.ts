import assert from 'node:assert/strict'
import type { Consumer, SettleOutcome } from '../../core/ports/broker.ts'
import { ack, at, type BrokerCase, type BrokerTest, deadLetter, release, texts } from '../broker-harness.ts'

async function settleAll(t: BrokerTest, consumer: Consumer, batch: Parameters<Consumer['settle']>[0]) {
  return (await t.settled(consumer.settle(batch), 'settle')) satisfies readonly SettleOutcome[]
}

/** What happens to a delivery. */
export function settleCases(test: BrokerCase): void {
  test('removes what is acknowledged, also for consumers that come later', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['once'])
    const consumer = await t.consume(queue)
    await t.settle(consumer, ack(at(await t.claim(consumer, 1), 0)))
    await t.expectNothing(consumer)
    await t.settled(consumer.close(), 'close')
    await t.expectNothing(await t.consume(queue))
  })

  test('gives a released message back at once, uncounted or counted as asked', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['again'])
    const consumer = await t.consume(queue)
    const counts: number[] = []
    const ids = new Set<string>()
    for (const counted of [false, true, false, true]) {
      const delivery = at(await t.claim(consumer, 1), 0)
      assert.deepEqual(texts([delivery]), ['again'])
      counts.push(delivery.deliveryCount)
      ids.add(delivery.id)
      await t.settle(consumer, release(delivery, 0, counted))
    }
    counts.push(at(await t.claim(consumer, 1), 0).deliveryCount)
    if (t.broker.capabilities.countsReleases) assert.deepEqual(counts, [0, 0, 1, 1, 2])
    else assert.equal(counts[0], 0)
    assert.equal(ids.size, 4, 'an id was used twice')
  })

  test('keeps the delivery count of a counted release with a delay', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['again'])
    const consumer = await t.consume(queue)
    await t.settle(consumer, release(at(await t.claim(consumer, 1), 0), 50, true))
    const { deliveryCount } = at(await t.claim(consumer, 1), 0)
    if (t.broker.capabilities.countsReleases) assert.equal(deliveryCount, 1)
    else assert.ok(deliveryCount >= 0)
  })

  test('takes a dead letter out of its queue', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['poison', 'good'])
    const consumer = await t.consume(queue)
    const deliveries = await t.claim(consumer, 2)
    const poison = deliveries.find((delivery) => texts([delivery])[0] === 'poison')
    assert.ok(poison)
    await t.settle(consumer, deadLetter(poison, 'undecodable: ☃'))
    await t.settled(consumer.close(), 'close')
    const next = await t.consume(queue)
    assert.deepEqual(texts(await t.claim(next, 1)), ['good'])
    await t.expectNothing(next)
  })

  test('settles a mixed batch in order', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c'])
    const consumer = await t.consume(queue)
    const [a, b, c] = (await t.claim(consumer, 3)).toSorted((x, y) => Number(x.body[0]) - Number(y.body[0]))
    assert.ok(a && b && c)
    await t.settle(consumer, ack(a), release(b), deadLetter(c, 'no'))
    assert.deepEqual(texts(await t.claim(consumer, 1)), ['b'])
    await t.expectNothing(consumer)
  })

  test('answers an empty batch with nothing', async (t) => {
    const consumer = await t.consume(t.newQueue())
    assert.deepEqual(await settleAll(t, consumer, []), [])
  })

  for (const [label, again] of [
    ['acknowledged', ack],
    ['released', release],
    ['dead-lettered', (delivery: Parameters<typeof ack>[0]) => deadLetter(delivery, 'again')],
  ] as const) {
    test(`answers lost for a delivery that was settled before it is ${label}`, async (t) => {
      const queue = t.newQueue()
      await t.publish(queue, ['once', 'other'])
      const consumer = await t.consume(queue)
      const [first, second] = await t.claim(consumer, 2)
      assert.ok(first && second)
      await t.settle(consumer, ack(first))
      assert.deepEqual(await settleAll(t, consumer, [again(first), ack(second)]), ['lost', 'settled'])
      await t.expectNothing(consumer)
    })
  }

  test('answers lost for the second settlement of one delivery in one batch', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['once'])
    const consumer = await t.consume(queue)
    const delivery = at(await t.claim(consumer, 1), 0)
    assert.deepEqual(await settleAll(t, consumer, [ack(delivery), release(delivery)]), ['settled', 'lost'])
    await t.expectNothing(consumer)
  })

  test('does not let the id of an earlier hand-over touch the next one', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['again'])
    const consumer = await t.consume(queue)
    const first = at(await t.claim(consumer, 1), 0)
    await t.settle(consumer, release(first))
    const second = at(await t.claim(consumer, 1), 0)
    assert.deepEqual(await settleAll(t, consumer, [ack(first)]), ['lost'])
    await t.settle(consumer, release(second))
    await t.settle(consumer, ack(at(await t.claim(consumer, 1), 0)))
    await t.expectNothing(consumer)
  })

  test('does not let one consumer settle what another one holds', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['mine'])
    const [owner, stranger] = [await t.consume(queue), await t.consume(queue)]
    const delivery = at(await t.claim(owner, 1), 0)
    assert.deepEqual(await settleAll(t, stranger, [ack(delivery)]), ['lost'])
    await t.settle(owner, ack(delivery))
  })

  test('answers lost for an id that never was', async (t) => {
    const consumer = await t.consume(t.newQueue())
    assert.deepEqual(await settleAll(t, consumer, [{ id: 'no such delivery', kind: 'ack' }]), ['lost'])
  })
}
