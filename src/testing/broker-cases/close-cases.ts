import assert from 'node:assert/strict'
import { isMachineryError } from '../../core/errors.ts'
import { assertCode } from '../assert-code.ts'
import { ack, at, type BrokerCase, outgoing, texts } from '../broker-harness.ts'

const options = { maxUnsettled: 8, onLost: () => {} } as const

/** The end of consumers and brokers. */
export function closeCases(test: BrokerCase): void {
  test('ends a waiting claim with ERR_CLOSED when its consumer is closed', async (t) => {
    const consumer = await t.consume(t.newQueue())
    const claimed = assertCode(consumer.claim(1, new AbortController().signal), 'ERR_CLOSED')
    await t.pass(10)
    await t.settled(consumer.close(), 'close')
    await t.settled(claimed, 'the waiting claim')
    await assertCode(consumer.claim(1, new AbortController().signal), 'ERR_CLOSED')
    await assertCode(consumer.claim(1), 'ERR_CLOSED')
  })

  test('gives back uncounted and in order what a closed consumer held', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c', 'd'])
    const lost: string[] = []
    const consumer = await t.consume(queue, { onLost: (ids) => lost.push(...ids) })
    const held = await t.claim(consumer, 3)
    await t.settle(consumer, ack(at(held, 1)))
    await t.settled(consumer.close(), 'close')
    const next = await t.consume(queue)
    const again = await t.claim(next, 3)
    const expected = ['a', 'b', 'c', 'd'].filter((name) => name !== texts(held)[1])
    if (t.broker.capabilities.ordering === 'fifo') assert.deepEqual(texts(again), expected)
    else assert.deepEqual(texts(again).toSorted(), expected)
    const counts = again.map(({ deliveryCount }) => deliveryCount)
    if (t.broker.capabilities.countsExactly) assert.deepEqual(counts, [0, 0, 0])
    else assert.ok(Math.max(...counts) <= 1, `counts are ${counts.join(', ')}`)
    const late = consumer.settle([ack(at(held, 0))]).catch((error: unknown) => {
      assert.ok(isMachineryError(error, 'ERR_CLOSED'), String(error))
      return ['lost']
    })
    assert.deepEqual(await t.settled(late, 'settlement after close'), ['lost'])
    await t.settle(next, ...again.map(ack))
  })

  test('closes a consumer twice, also at once', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['held'])
    const consumer = await t.consume(queue)
    await t.claim(consumer, 1)
    await t.settled(Promise.all([consumer.close(), consumer.close()]), 'close')
    await t.settled(consumer.close(), 'close')
    assert.deepEqual(texts(await t.claim(await t.consume(queue), 1)), ['held'])
  })

  test('closes the consumers with the broker, twice without harm', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['held'])
    const holding = await t.consume(queue)
    await t.claim(holding, 1)
    const waiting = await t.consume(queue)
    const claimed = assertCode(waiting.claim(1, new AbortController().signal), 'ERR_CLOSED')
    await t.settled(Promise.all([t.broker.close(), t.broker.close()]), 'close')
    await t.settled(claimed, 'the waiting claim')
    await t.settled(t.broker.close(), 'close')
    await t.settled(holding.close(), 'close of a closed consumer')
    await assertCode(holding.claim(1, new AbortController().signal), 'ERR_CLOSED')
  })

  test('refuses to publish and to consume after close', async (t) => {
    const queue = t.newQueue()
    await t.settled(t.broker.close(), 'close')
    await assertCode(t.broker.publish([outgoing(queue, 'late')]), 'ERR_CLOSED')
    await assertCode(t.broker.consume(queue, options), 'ERR_CLOSED')
  })

  test('opens consumers again and again on one queue', async (t) => {
    const queue = t.newQueue()
    for (let round = 0; round < 20; round++) {
      await t.publish(queue, [`${round}`])
      const consumer = await t.consume(queue)
      const delivery = at(await t.claim(consumer, 1), 0)
      assert.deepEqual(texts([delivery]), [`${round}`])
      await t.settle(consumer, ack(delivery))
      await t.settled(consumer.close(), 'close')
    }
  })
}
