import { expect, it } from 'vitest'

import type { Delivery } from '../../src/core/ports/broker.ts'
import { seededRandom } from '../fault/seeded-random.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import {
  bodies,
  claimAll,
  closing,
  consume,
  openStore,
  outgoing,
  publish,
  rawChannel,
} from './amqp-fixture.ts'
import { proxyTo } from './redis-proxy.ts'

const ack = ({ id }: Delivery) => ({ id, kind: 'ack' }) as const

await describeService('rabbitmq', (service) => {
  /** A way to the server that can be cut, and its URL. */
  const proxied = async () => {
    const proxy = closing(await proxyTo(service.url))
    return { proxy, url: `amqp://guest:guest@127.0.0.1:${new URL(proxy.url).port}` }
  }

  it('loses what it holds with its connection, is told so, and gets it again', async () => {
    const queue = service.namespace()
    const { proxy, url } = await proxied()
    const { broker } = await openStore({ url })
    await publish(broker, outgoing(queue, 'held'))
    const lost: string[] = []
    const consumer = await consume(broker, queue, (ids) => lost.push(...ids))
    const [held] = await claimAll(consumer, 1)
    proxy.cut(() => 0.05)
    proxy.cut(() => 0.99)
    const [again] = await claimAll(consumer, 1)
    expect(lost).toEqual([held?.id])
    expect(again).toMatchObject({ deliveryCount: 1 })
    expect(await consumer.settle([held, again].map((delivery) => ack(delivery as Delivery)))).toEqual([
      'lost',
      'settled',
    ])
  })

  it('notices a connection that carries nothing any more', async () => {
    const queue = service.namespace()
    const { proxy, url } = await proxied()
    const { broker } = await openStore({
      url,
      heartbeatMs: 1_000,
      operationTimeoutMs: 2_000,
      publishTimeoutMs: 15_000,
    })
    const consumer = await consume(broker, queue)
    await publish(broker, outgoing(queue, 'before'))
    await consumer.settle((await claimAll(consumer, 1)).map(ack))
    proxy.halfOpen()
    await publish(broker, outgoing(queue, 'after'))
    expect(bodies(await claimAll(consumer, 1))).toEqual(['after'])
  })

  it.each([
    ['a publish', 0],
    ['a delayed publish', 5],
  ])('stores %s whose answer was lost', async (_, delayMs) => {
    const queue = service.namespace()
    const { proxy, url } = await proxied()
    const { broker } = await openStore({ url })
    await publish(broker, outgoing(queue, 'first', { delayMs }))
    proxy.loseNextReply()
    await publish(broker, outgoing(queue, 'second', { delayMs }))
    const received = new Set<string>()
    const consumer = await consume(broker, queue)
    while (received.size < 2) for (const text of bodies(await claimAll(consumer, 1))) received.add(text)
    expect([...received].toSorted()).toEqual(['first', 'second'])
  })

  it('opens a consumer whose first answers were lost', async () => {
    const queue = service.namespace()
    const { proxy, url } = await proxied()
    const { broker } = await openStore({ url })
    await publish(broker, outgoing(queue, 'waiting'))
    proxy.loseNextReply()
    const consumer = await waitFor(() => consume(broker, queue).catch(() => undefined), {
      what: 'a consumer',
    })
    proxy.loseNextReply()
    expect(bodies(await claimAll(consumer, 1))).toEqual(['waiting'])
  })

  it.each(['release', 'deadLetter', 'ack'] as const)(
    'loses nothing when the connection ends during a %s',
    async (kind) => {
      const queue = service.namespace()
      const { proxy, url } = await proxied()
      const { broker } = await openStore({ url })
      await publish(broker, outgoing(queue, 'once'))
      const consumer = await consume(broker, queue)
      const [delivery] = await claimAll(consumer, 1)
      proxy.loseNextReply()
      const settlement = { id: delivery?.id ?? '', kind, reason: 'no', delayMs: 0, counted: false }
      // The answer is that of the port: settled, lost, or an error after which it may be done again.
      await consumer.settle([settlement]).catch(() => {})
      const inspector = broker.inspector
      await waitFor(
        async () => {
          const stats = await inspector?.stats(queue).catch(() => undefined)
          return stats !== undefined && (kind === 'ack' || stats.pending + stats.inFlight + stats.dead > 0)
        },
        { what: 'the message, wherever it is' },
      )
      const { broker: plain } = await openStore({ url: service.url })
      await publish(plain, outgoing(queue, 'next'))
      await waitFor(async () => bodies(await claimAll(consumer, 1)).includes('next'), {
        what: 'the next message',
      })
    },
  )

  it('declares again a queue that is deleted under its consumer, and an exchange', async () => {
    const queue = service.namespace()
    const options = { url: service.url, exchange: `${queue}_exchange` }
    const { broker } = await openStore(options)
    await publish(broker, outgoing(queue, 'deleted'))
    const lost: string[] = []
    const consumer = await consume(broker, queue, (ids) => lost.push(...ids))
    const [held] = await claimAll(consumer, 1)
    const claimed = claimAll(consumer, 1)
    const admin = await rawChannel(service.url)
    await admin.deleteQueue(queue)
    await waitFor(() => lost.length > 0, { what: 'onLost' })
    expect(lost).toEqual([held?.id])
    await publish(broker, outgoing(queue, 'new'))
    expect(bodies(await claimed)).toEqual(['new'])

    await admin.deleteExchange(options.exchange)
    await publish(broker, outgoing(queue, 'through a new exchange'))
    expect(bodies(await claimAll(consumer, 1))).toEqual(['through a new exchange'])
  })

  it.each(['direct', 'topic'] as const)(
    'gets what was delayed before its queue was deleted, on a %s exchange',
    async (exchangeType) => {
      const queue = service.namespace()
      const exchange = `${queue}_exchange`
      const { broker } = await openStore({ url: service.url, exchange, exchangeType })
      const consumer = await consume(broker, queue)
      await publish(broker, outgoing(queue, 'later', { delayMs: 1_000 }))
      const claimed = claimAll(consumer, 1)
      const admin = await rawChannel(service.url)
      await admin.deleteQueue(queue)
      expect(bodies(await claimed)).toEqual(['later'])
    },
  )

  it('keeps what was delayed when its exchange is deleted, and something else is sent', async () => {
    const queue = service.namespace()
    const exchange = `${queue}_exchange`
    const { broker } = await openStore({ url: service.url, exchange, exchangeType: 'topic' })
    const consumer = await consume(broker, queue)
    await publish(broker, outgoing(queue, 'later', { delayMs: 1_000 }))
    const admin = await rawChannel(service.url)
    await admin.deleteExchange(exchange)
    await publish(broker, outgoing(queue, 'at once'))
    expect(bodies(await claimAll(consumer, 2))).toEqual(['at once', 'later'])
  })

  it('redrives to a queue that was deleted, where nobody consumes', async () => {
    const queue = service.namespace()
    const { broker } = await openStore({ url: service.url })
    await publish(broker, outgoing(queue, 'dead'))
    const consumer = await consume(broker, queue)
    const [delivery] = await claimAll(consumer, 1)
    await consumer.settle([{ id: delivery?.id ?? '', kind: 'deadLetter', reason: 'no' }])
    await consumer.close()
    const admin = await rawChannel(service.url)
    await admin.deleteQueue(queue)
    const [letter] = (await broker.inspector?.dead(queue, { offset: 0, limit: 10 })) ?? []
    expect(await broker.inspector?.redrive(queue, [letter?.id ?? ''])).toBe(1)
    expect((await admin.checkQueue(queue)).messageCount).toBe(1)
  })

  it('sends to a queue that was deleted since the last message, where nobody consumes', async () => {
    const queue = service.namespace()
    const { broker } = await openStore({ url: service.url })
    await publish(broker, outgoing(queue, 'deleted'))
    const admin = await rawChannel(service.url)
    await admin.deleteQueue(queue)
    await publish(broker, ...Array.from({ length: 10 }, (_, index) => outgoing(queue, `new ${index}`)))
    expect((await admin.checkQueue(queue)).messageCount).toBe(10)
  })

  it('loses nothing of 1,000 messages while connections are cut again and again', async () => {
    const queue = service.namespace()
    const { proxy, url } = await proxied()
    const { broker } = await openStore({ url, publishTimeoutMs: 60_000 })
    const random = seededRandom(7)
    const seen = new Set<string>()
    const done = new AbortController()
    const consumer = await consume(broker, queue)
    let settled = 0
    const consuming = (async () => {
      while (seen.size < 1_000) {
        const deliveries = await consumer.claim(32, done.signal)
        const outcomes = await consumer.settle(deliveries.map(ack))
        deliveries.forEach((delivery, index) => {
          if (outcomes[index] === 'settled') seen.add(bodies([delivery])[0] ?? '')
        })
        settled += deliveries.length
        if (random() < 0.1) proxy.cut(random)
      }
    })()
    consuming.catch(() => {})
    for (let sent = 0; sent < 1_000; sent += 20) {
      await publish(broker, ...Array.from({ length: 20 }, (_, index) => outgoing(queue, `${sent + index}`)))
    }
    await consuming
    expect(settled).toBeGreaterThanOrEqual(1_000)
    await consumer.close()
    const { broker: after } = await openStore({ url: service.url })
    expect((await after.inspector?.stats(queue))?.inFlight).toBe(0)
  })
})
