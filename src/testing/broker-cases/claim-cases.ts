import assert from 'node:assert/strict'
import { assertCode } from '../assert-code.ts'
import { ack, at, type BrokerCase, texts, startClaim } from '../broker-harness.ts'

const WAKE_LIMIT_MS = 100

/** How `claim` waits, and how many it gives. */
export function claimCases(test: BrokerCase): void {
  test('gives at most what is wanted, and the rest to the next claim', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c', 'd', 'e'])
    const consumer = await t.consume(queue)
    const { signal } = new AbortController()
    const received: string[] = []
    while (received.length < 5) {
      const some = await t.settled(consumer.claim(2, signal), 'claim')
      assert.ok(some.length === 1 || some.length === 2, `wanted 2, got ${some.length}`)
      received.push(...texts(some))
    }
    assert.deepEqual(received.toSorted(), ['a', 'b', 'c', 'd', 'e'])
  })

  test('wakes a waiting claim when a message arrives', async (t) => {
    const queue = t.newQueue()
    const consumer = await t.consume(queue)
    const { clock } = t.session
    let arrivedAt = 0
    const claimed = startClaim(consumer, 8)
    const arrive = (): void => void (arrivedAt = clock.monotonic())
    claimed.then(arrive, arrive)
    await t.pass(30)
    const published = clock.monotonic()
    await t.publish(queue, ['wake up'])
    assert.deepEqual(texts(await t.settled(claimed, 'claim')), ['wake up'])
    assert.ok(arrivedAt - published <= WAKE_LIMIT_MS, `woke after ${arrivedAt - published} ms`)
  })

  test('rejects with the reason of the abort, and leaves what arrives later to the next claim', async (t) => {
    const queue = t.newQueue()
    const consumer = await t.consume(queue)
    const abort = new AbortController()
    const claimed = consumer.claim(1, abort.signal).catch((error: unknown) => error)
    await t.pass(20)
    const reason = new Error('enough')
    abort.abort(reason)
    assert.equal(await t.settled(claimed, 'claim after its abort'), reason)
    await t.publish(queue, ['later'])
    assert.deepEqual(texts(await t.claim(consumer, 1)), ['later'])
  })

  test('rejects at once when the signal is aborted already, and takes nothing', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['still there'])
    const consumer = await t.consume(queue)
    const reason = new Error('too late')
    const claimed = consumer.claim(1, AbortSignal.abort(reason)).catch((error: unknown) => error)
    assert.equal(await t.settled(claimed, 'claim'), reason)
    assert.deepEqual(texts(await t.claim(consumer, 1)), ['still there'])
  })

  test('loses nothing when an abort races an arrival', async (t) => {
    const queue = t.newQueue()
    const consumer = await t.consume(queue, { maxUnsettled: 64 })
    const received: string[] = []
    for (let round = 0; round < 30; round++) {
      const abort = new AbortController()
      const claimed = consumer.claim(1, abort.signal).catch((error: unknown) => {
        assert.equal(error, abort.signal.reason)
        return []
      })
      const published = t.broker.publish([{ ...MESSAGE, queue, body: new TextEncoder().encode(`${round}`) }])
      if (round % 3 > 0) await new Promise<void>((resolve) => t.session.clock.defer(resolve))
      if (round % 3 > 1) await t.settled(published, 'publish')
      abort.abort(new Error(`abort ${round}`))
      await t.settled(published, 'publish')
      for (const delivery of await t.settled(claimed, 'claim')) {
        received.push(...texts([delivery]))
        await t.settle(consumer, ack(delivery))
      }
    }
    if (received.length < 30) received.push(...texts(await t.claim(consumer, 30 - received.length)))
    await t.expectNothing(consumer)
    assert.deepEqual(
      received.map(Number).toSorted((a, b) => a - b),
      Array.from({ length: 30 }, (_, index) => index),
    )
  })

  test('does not wait without a signal: gives what is there, perhaps nothing', async (t) => {
    const queue = t.newQueue()
    const consumer = await t.consume(queue, { maxUnsettled: 3 })
    assert.deepEqual(await t.settled(consumer.claim(2), 'claim'), [])
    await t.publish(queue, ['a', 'b', 'c', 'd'])
    const first = await t.settled(consumer.claim(2), 'claim')
    const second = await t.settled(consumer.claim(2), 'claim')
    assert.deepEqual([first.length, second.length], [2, 1])
    assert.deepEqual(await t.settled(consumer.claim(2), 'claim'), [], 'more than maxUnsettled')
    await t.settle(consumer, ...[...first, ...second].map(ack))
    assert.equal((await t.settled(consumer.claim(2), 'claim')).length, 1)
    const waiting = startClaim(consumer, 1)
    await assertCode(consumer.claim(1), 'ERR_STATE_CONFLICT')
    await t.publish(queue, ['e'])
    assert.deepEqual(texts(await t.settled(waiting, 'claim')), ['e'])
  })

  test('refuses a second claim while one waits, and the first goes on', async (t) => {
    const queue = t.newQueue()
    const consumer = await t.consume(queue)
    const first = startClaim(consumer, 1)
    await assertCode(consumer.claim(1, new AbortController().signal), 'ERR_STATE_CONFLICT')
    await t.publish(queue, ['for the first'])
    assert.deepEqual(texts(await t.settled(first, 'first claim')), ['for the first'])
    await t.publish(queue, ['for the next'])
    assert.deepEqual(texts(await t.claim(consumer, 1)), ['for the next'])
  })

  test('never hands over more than maxUnsettled, and goes on when something is settled', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c', 'd', 'e'])
    const consumer = await t.consume(queue, { maxUnsettled: 3 })
    const held = await t.claim(consumer, 3)
    const waiting = startClaim(consumer, 5)
    let ended = false
    const end = (): void => void (ended = true)
    waiting.then(end, end)
    await t.pass(40)
    assert.equal(ended, false, 'a fourth delivery was handed over')
    await t.settle(consumer, ack(at(held, 0)))
    assert.equal((await t.settled(waiting, 'claim after a settlement')).length, 1)
  })

  test('follows resize up and down', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b', 'c', 'd', 'e', 'f'])
    const consumer = await t.consume(queue, { maxUnsettled: 1 })
    const held = [...(await t.claim(consumer, 1))]
    await t.expectNothing(consumer)
    await t.settled(consumer.resize(3), 'resize')
    held.push(...(await t.claim(consumer, 2)))
    await t.settled(consumer.resize(2), 'resize')
    await t.settle(consumer, ack(at(held, 0)))
    await t.expectNothing(consumer)
    await t.settle(consumer, ack(at(held, 1)))
    assert.equal((await t.claim(consumer, 1)).length, 1)
    await t.expectNothing(consumer)
    await assertCode(consumer.resize(0), 'ERR_OPTION_INVALID')
  })

  test('wakes a claim that waits for room when resize gives some', async (t) => {
    const queue = t.newQueue()
    await t.publish(queue, ['a', 'b'])
    const consumer = await t.consume(queue, { maxUnsettled: 1 })
    await t.claim(consumer, 1)
    const waiting = startClaim(consumer, 1)
    await t.settled(consumer.resize(2), 'resize')
    assert.equal((await t.settled(waiting, 'claim after resize')).length, 1)
  })

  test('never gives one message to two consumers', async (t) => {
    const queue = t.newQueue()
    const names = Array.from({ length: 40 }, (_, index) => `m${index}`)
    await t.publish(queue, names)
    const consumers = [await t.consume(queue), await t.consume(queue)]
    const claims = consumers.map((consumer) => t.claimWithin(consumer, 20, 100))
    const received = (await Promise.all(claims)).flat()
    assert.equal(new Set(received.map(({ id }) => id)).size, received.length)
    const bodies = texts(received)
    assert.equal(new Set(bodies).size, bodies.length, 'a message was handed over twice')
    assert.ok(bodies.length >= 1, 'none of 40 arrived')
  })

  test('wakes one waiting consumer per message, and every one that has a message', async (t) => {
    const queue = t.newQueue()
    const consumers = [await t.consume(queue), await t.consume(queue), await t.consume(queue)]
    const claims = consumers.map((consumer) => startClaim(consumer, 1))
    await t.pass(20)
    await t.publish(queue, ['a', 'b', 'c'])
    const received = (await t.settled(Promise.all(claims), 'claims')).flat()
    assert.deepEqual(texts(received).toSorted(), ['a', 'b', 'c'])
  })
}

const MESSAGE = { delayMs: 0, priority: 0, uuid: 'task_race', orderingKey: '' } as const
