import assert from 'node:assert/strict'
import { assertBytes } from '../assert-bytes.ts'
import { assertCode, assertErrorCode } from '../assert-code.ts'
import { ack, at, bytes, type BrokerCase, outgoing, texts } from '../broker-harness.ts'

const MEBIBYTE = 1_048_576

/** Bytes of every value, so that no text encoding survives them. */
const binary = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + 7) & 255)

/** What `publish` answers, and that bytes, order and priority arrive. */
export function publishCases(test: BrokerCase): void {
  for (const [label, body] of [
    ['1 byte', Uint8Array.of(0)],
    ['all 256 byte values', Uint8Array.from({ length: 256 }, (_, index) => index)],
    ['unicode text', bytes('{"Name":"añadir ☃ \u{1F680}"}')],
    ['64 KiB', binary(65_536)],
  ] as const) {
    test(`hands over the exact bytes: ${label}`, async (t) => {
      const queue = t.newQueue()
      assert.deepEqual(await t.settled(t.broker.publish([outgoing(queue, body)]), 'publish'), [
        { outcome: 'stored' },
      ])
      const before = t.session.clock.now()
      const delivery = at(await t.claim(await t.consume(queue), 1), 0)
      assertBytes(delivery.body, body)
      assert.equal(delivery.queue, queue)
      assert.equal(delivery.deliveryCount, 0)
      assert.ok(
        Math.abs(delivery.receivedAt - before) <= 5_000,
        `receivedAt is ${delivery.receivedAt - before} ms off`,
      )
    })
  }

  test('takes a body of the maximum size, or of 1 MiB where the maximum is above', async (t) => {
    const queue = t.newQueue()
    const body = binary(Math.min(t.broker.capabilities.maxBodyBytes, MEBIBYTE))
    assert.deepEqual(await t.settled(t.broker.publish([outgoing(queue, body)]), 'publish'), [
      { outcome: 'stored' },
    ])
    const delivery = at(await t.claim(await t.consume(queue), 1), 0)
    assertBytes(delivery.body, body)
  })

  test('refuses a body above the maximum and stores its neighbours, answering in order', async (t) => {
    const queue = t.newQueue()
    const tooLarge = new Uint8Array(t.broker.capabilities.maxBodyBytes + 1)
    const batch = [outgoing(queue, 'first'), outgoing(queue, tooLarge), outgoing(queue, 'last')]
    const outcomes = await t.settled(t.broker.publish(batch), 'publish')
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['stored', 'refused', 'stored'],
    )
    assertErrorCode(at(outcomes, 1).error, 'ERR_MESSAGE_TOO_LARGE')
    const consumer = await t.consume(queue)
    assert.deepEqual(texts(await t.claim(consumer, 2)).toSorted(), ['first', 'last'])
    await t.expectNothing(consumer)
  })

  test('answers an empty batch with nothing', async (t) => {
    assert.deepEqual(await t.settled(t.broker.publish([]), 'publish'), [])
  })

  test('delivers in the order of publishing where it promises fifo, else everything', async (t) => {
    const queue = t.newQueue()
    const names = Array.from({ length: 200 }, (_, index) => `m${index}`)
    await t.publish(queue, names.slice(0, 100))
    for (const name of names.slice(100)) await t.publish(queue, [name])
    const consumer = await t.consume(queue, { maxUnsettled: 200 })
    const received = texts(await t.claim(consumer, 200))
    if (t.broker.capabilities.ordering === 'fifo') assert.deepEqual(received, names)
    else assert.deepEqual(received.toSorted(), names.toSorted())
  })

  test('delivers a higher priority first where it can, else ignores the priority', async (t) => {
    const queue = t.newQueue()
    const priorities = [0, 5, 255, 5, 1, 0]
    const batch = priorities.map((priority, index) => outgoing(queue, `p${priority}-${index}`, { priority }))
    await t.settled(t.broker.publish(batch), 'publish')
    const consumer = await t.consume(queue, { maxUnsettled: 1 })
    const received: string[] = []
    for (let index = 0; index < batch.length; index++) {
      const delivery = at(await t.claim(consumer, 1), 0)
      received.push(...texts([delivery]))
      await t.settle(consumer, ack(delivery))
    }
    const inOrder = ['p255-2', 'p5-1', 'p5-3', 'p1-4', 'p0-0', 'p0-5']
    if (t.broker.capabilities.priority) assert.deepEqual(received, inOrder)
    else assert.deepEqual(received.toSorted(), inOrder.toSorted())
  })

  test('keeps two queues apart', async (t) => {
    const [one, other] = [t.newQueue('a'), t.newQueue('b')]
    await t.publish(one, ['to one'])
    await t.publish(other, ['to other'])
    const [oneConsumer, otherConsumer] = [await t.consume(one), await t.consume(other)]
    assert.deepEqual(texts(await t.claim(otherConsumer, 1)), ['to other'])
    assert.deepEqual(texts(await t.claim(oneConsumer, 1)), ['to one'])
    await t.expectNothing(oneConsumer)
    await t.expectNothing(otherConsumer)
  })

  for (const name of [
    'a}b',
    '{a}',
    'with space',
    'ünï☃',
    `q'";--`,
    '__proto__',
    '%_*?[x]',
    'x/../y',
    'x'.repeat(160),
  ]) {
    test(`takes a queue named ${name.length > 20 ? 'with 200 characters' : JSON.stringify(name)}`, async (t) => {
      const queue = t.newQueue(name).slice(0, 200)
      const neighbour = `${queue}x`
      await t.publish(queue, ['odd'])
      await t.publish(neighbour, ['neighbour'])
      const consumer = await t.consume(queue)
      const deliveries = await t.claim(consumer, 1)
      assert.deepEqual(texts(deliveries), ['odd'])
      assert.equal(at(deliveries, 0).queue, queue)
      await t.expectNothing(consumer)
    })
  }

  test('refuses to consume a queue without a name, or with no room for a delivery', async (t) => {
    const onLost = (): void => {}
    await assertCode(t.broker.consume('', { maxUnsettled: 1, onLost }), 'ERR_OPTION_INVALID')
    for (const maxUnsettled of [0, -1, Number.NaN, 1.5]) {
      await assertCode(t.broker.consume(t.newQueue(), { maxUnsettled, onLost }), 'ERR_OPTION_INVALID')
    }
  })

  test('refuses to publish to a queue without a name', async (t) => {
    const outcomes = await t.settled(t.broker.publish([outgoing('', 'nowhere')]), 'publish')
    assert.equal(at(outcomes, 0).outcome, 'refused')
    assertErrorCode(at(outcomes, 0).error, 'ERR_OPTION_INVALID', 'ERR_PUBLISH_REFUSED')
  })
}
