import assert from 'node:assert/strict'
import { isMachineryError } from '../../core/errors.ts'
import type { Consumer } from '../../core/ports/broker.ts'
import { ack, type BrokerCase, type BrokerTest, outgoing, release, texts } from '../broker-harness.ts'

const MESSAGES = 2_000
const PRODUCERS = 4
const CONSUMERS = 4
const LIMIT_MS = 30_000

async function drain(t: BrokerTest, consumer: Consumer, acked: Map<string, number>, done: AbortController) {
  for (let round = 0; ; round++) {
    const deliveries = await consumer.claim(1 + (round % 16), done.signal).catch((error: unknown) => {
      if (error === done.signal.reason || isMachineryError(error, 'ERR_CLOSED')) return undefined
      throw error
    })
    if (deliveries === undefined) return
    const batch = deliveries.map((delivery, index) =>
      (round + index) % 11 === 0 ? release(delivery) : ack(delivery),
    )
    await t.settle(consumer, ...batch)
    for (const [index, name] of texts(deliveries).entries()) {
      if (batch[index]?.kind === 'ack') acked.set(name, (acked.get(name) ?? 0) + 1)
    }
    if (acked.size === MESSAGES) done.abort(new Error('all are acknowledged'))
  }
}

/** Many producers and consumers at once. */
export function loadCases(test: BrokerCase): void {
  test(`loses and duplicates nothing: ${MESSAGES} messages, ${PRODUCERS} producers, ${CONSUMERS} consumers`, async (t) => {
    const queue = t.newQueue()
    const produce = async (producer: number): Promise<void> => {
      for (let sent = 0; sent < MESSAGES / PRODUCERS; sent += 20) {
        const batch = Array.from({ length: 20 }, (_, index) => outgoing(queue, `${producer}:${sent + index}`))
        for (const { outcome } of await t.broker.publish(batch)) assert.equal(outcome, 'stored')
      }
    }
    const acked = new Map<string, number>()
    const done = new AbortController()
    const consumers = await Promise.all(
      Array.from({ length: CONSUMERS }, () => t.consume(queue, { maxUnsettled: 32 })),
    )
    const producing = Array.from({ length: PRODUCERS }, (_, producer) => produce(producer))
    const consuming = consumers.map((consumer) => drain(t, consumer, acked, done))
    await t.settled(Promise.all([...producing, ...consuming]), `${MESSAGES} messages`, LIMIT_MS)
    assert.equal(acked.size, MESSAGES)
    assert.deepEqual(
      [...acked].filter(([, times]) => times > 1),
      [],
    )
    await t.expectNothing(await t.consume(queue))
  })
}
