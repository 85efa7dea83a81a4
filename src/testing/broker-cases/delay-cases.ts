import assert from 'node:assert/strict'
import { assertErrorCode } from '../assert-code.ts'
import { ack, at, type BrokerCase, outgoing, release, texts } from '../broker-harness.ts'

const DELAY_MS = 150
/** Shortest time between delays that end one after the other. */
const STEP_MS = 60

/** Messages that are held back. */
export function delayCases(test: BrokerCase): void {
  test('delivers a delayed message when it is due, or refuses the delay', async (t) => {
    const queue = t.newQueue()
    const { clock } = t.session
    const published = clock.monotonic()
    const outcomes = await t.settled(
      t.broker.publish([outgoing(queue, 'later', { delayMs: DELAY_MS })]),
      'publish',
    )
    if (t.broker.capabilities.delay === 'none') {
      assert.equal(at(outcomes, 0).outcome, 'refused')
      assertErrorCode(at(outcomes, 0).error, 'ERR_UNSUPPORTED')
      return
    }
    assert.deepEqual(outcomes, [{ outcome: 'stored' }])
    const deliveries = await t.claim(await t.consume(queue), 1)
    const waited = clock.monotonic() - published
    assert.deepEqual(texts(deliveries), ['later'])
    assert.equal(at(deliveries, 0).deliveryCount, 0)
    assert.ok(waited >= DELAY_MS - 1, `${DELAY_MS - waited} ms early`)
    assert.ok(waited <= DELAY_MS + t.delayToleranceMs, `${waited - DELAY_MS} ms late`)
  })

  test('refuses a delay above the maximum', async (t) => {
    const { delay, maxDelayMs } = t.broker.capabilities
    if (delay === 'none' || maxDelayMs === Infinity) return assert.ok(delay === 'none' || maxDelayMs > 0)
    const late = outgoing(t.newQueue(), 'too late', { delayMs: maxDelayMs + 1_000 })
    const outcomes = await t.settled(t.broker.publish([late]), 'publish')
    assert.equal(at(outcomes, 0).outcome, 'refused')
    assertErrorCode(at(outcomes, 0).error, 'ERR_UNSUPPORTED')
  })

  test('delivers delayed messages in the order in which they become due', async (t) => {
    if (t.broker.capabilities.delay === 'none') return assert.equal(t.broker.capabilities.maxDelayMs, 0)
    const queue = t.newQueue()
    // What may come late may come behind what is due soon after it.
    const stepMs = Math.max(STEP_MS, t.delayToleranceMs / 4)
    const batch = [3, 1, 2].map((steps) => outgoing(queue, `after ${steps}`, { delayMs: steps * stepMs }))
    await t.settled(t.broker.publish([...batch, outgoing(queue, 'now')]), 'publish')
    const consumer = await t.consume(queue, { maxUnsettled: 1 })
    const received: string[] = []
    for (let index = 0; index < 4; index++) {
      const delivery = at(await t.claim(consumer, 1), 0)
      received.push(...texts([delivery]))
      await t.settle(consumer, ack(delivery))
    }
    assert.deepEqual(received, ['now', 'after 1', 'after 2', 'after 3'])
  })

  test('does not hold up what is due behind what is not', async (t) => {
    const queue = t.newQueue()
    if (t.broker.capabilities.delay !== 'none') await t.publish(queue, ['in an hour'], { delayMs: 3_600_000 })
    await t.publish(queue, ['now'])
    const consumer = await t.consume(queue)
    assert.deepEqual(texts(await t.claim(consumer, 1)), ['now'])
    await t.expectNothing(consumer)
  })

  test('keeps a release with a delay back for that time', async (t) => {
    const queue = t.newQueue()
    const { clock } = t.session
    await t.publish(queue, ['again'])
    const consumer = await t.consume(queue)
    const first = at(await t.claim(consumer, 1), 0)
    const released = clock.monotonic()
    await t.settle(consumer, release(first, DELAY_MS))
    const second = at(await t.claim(consumer, 1), 0)
    const waited = clock.monotonic() - released
    assert.ok(waited >= DELAY_MS - 1, `${DELAY_MS - waited} ms early`)
    assert.ok(waited <= DELAY_MS + t.delayToleranceMs, `${waited - DELAY_MS} ms late`)
    assert.deepEqual(texts([second]), ['again'])
    assert.notEqual(second.id, first.id)
    await t.settle(consumer, ack(second))
    await t.expectNothing(consumer)
  })
}
