import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SERVICES } from '../support/service-definitions.ts'
import { findService, STOP_WITHIN_MS } from '../support/service-process.ts'
import { currentNamespace } from '../support/namespace.ts'
import { waitFor } from '../support/wait-for.ts'
import { bodies, claimAll, consume, openStore, outgoing, publish } from './amqp-fixture.ts'
import { type OwnServer, ownServer } from './amqp-server.ts'

// What needs a server of its own: its memory is short, it restarts, or it takes back what is held for long.

const isThere = (await findService(SERVICES.rabbitmq)).kind === 'program'

describe.runIf(isThere)('a RabbitMQ that fails', () => {
  let server: OwnServer

  beforeAll(async () => {
    server = (await ownServer()) as OwnServer
    const settings = { consumer_timeout: 1_000, channel_tick_interval: 200, max_message_size: 100_000 }
    const set = Object.entries(settings).map(
      ([name, value]) => `application:set_env(rabbit, ${name}, ${value})`,
    )
    await server.evaluate(set.join(', '))
  }, SERVICES.rabbitmq.startWithinMs)
  afterAll(() => server.stop(), STOP_WITHIN_MS)

  const mayUse = (memory: '1MB' | '1GB'): Promise<unknown> =>
    server.evaluate(`vm_memory_monitor:set_vm_memory_high_watermark({absolute, "${memory}"})`)

  it('takes back what is held beyond its consumer timeout, and the consumer goes on', async () => {
    const queue = currentNamespace()
    const { broker } = await openStore({ url: server.url })
    await publish(broker, outgoing(queue, 'long'))
    const lost: string[] = []
    const consumer = await consume(broker, queue, (ids) => lost.push(...ids))
    const [held] = await claimAll(consumer, 1)
    await waitFor(() => lost.length > 0, { what: 'onLost', timeoutMs: 30_000 })
    expect(lost).toEqual([held?.id])
    expect(await consumer.settle([{ id: held?.id ?? '', kind: 'ack' }])).toEqual(['lost'])
    const [again] = await claimAll(consumer, 1)
    expect(again?.deliveryCount).toBe(1)
    expect(await consumer.settle([{ id: again?.id ?? '', kind: 'ack' }])).toEqual(['settled'])
  })

  it('refuses a message that it allows nobody to send, and takes those beside it', async () => {
    const queue = currentNamespace()
    const { broker } = await openStore({ url: server.url })
    await publish(broker, outgoing(queue, 'first'))
    const outcomes = await broker.publish(
      ['a', 'b'.repeat(200_000), 'c', 'd'].map((text) => outgoing(queue, text)),
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['stored', 'refused', 'stored', 'stored'])
    expect(outcomes[1]?.error?.message).toMatch(/message size 200000/)
  })

  it('refuses messages while it is short of memory, and acknowledgements go on', async () => {
    const queue = currentNamespace()
    const { broker } = await openStore({ url: server.url, publishTimeoutMs: 1_500, operationTimeoutMs: 500 })
    await publish(broker, outgoing(queue, 'a'), outgoing(queue, 'b'))
    const consumer = await consume(broker, queue)
    await mayUse('1MB')
    const blocked = await waitFor(
      async () => {
        const [outcome] = await broker.publish([outgoing(queue, 'blocked')])
        return outcome?.outcome === 'refused' ? outcome : undefined
      },
      { what: 'a refusal', timeoutMs: 30_000 },
    )
    expect(blocked.error).toMatchObject({ code: 'ERR_STORE_FULL' })
    const [elsewhere] = await broker.publish([outgoing(`${queue}_new`, 'blocked')])
    expect(elsewhere).toMatchObject({ outcome: 'refused', error: { code: 'ERR_STORE_FULL' } })
    const [first] = await claimAll(consumer, 1)
    expect(bodies([first as never])).toEqual(['a'])
    expect(await consumer.settle([{ id: first?.id ?? '', kind: 'ack' }])).toEqual(['settled'])

    const waiting = broker.publish([outgoing(queue, 'waits')])
    await mayUse('1GB')
    await waiting
    await publish(broker, outgoing(queue, 'after'))
  })

  it('closes at once while it is short of memory', async () => {
    const queue = currentNamespace()
    const store = await openStore({ url: server.url, publishTimeoutMs: 60_000 })
    await publish(store.broker, outgoing(queue, 'a'))
    await mayUse('1MB')
    const outcomes = store.broker.publish([outgoing(queue, 'b')])
    const closedAt = performance.now()
    await store.close()
    expect(performance.now() - closedAt).toBeLessThan(5_000)
    expect((await outcomes)[0]?.outcome).not.toBe('stored')
    await mayUse('1GB')
  })

  it('has all messages after a restart, and consumers and publishes go on', async () => {
    const queue = currentNamespace()
    const { broker } = await openStore({ url: server.url, publishTimeoutMs: 60_000 })
    await publish(broker, outgoing(queue, 'before'), outgoing(queue, 'delayed', { delayMs: 1_000 }))
    const consumer = await consume(broker, queue)
    const claimed = claimAll(consumer, 3)
    claimed.catch(() => {})
    await server.evaluate('rabbit:stop()')
    const during = broker.publish([outgoing(queue, 'during')])
    await server.evaluate('rabbit:start()')
    expect(await during).toEqual([{ outcome: 'stored' }])
    // What was handed over before the restart comes again: only the texts are told apart.
    const seen = new Set(bodies(await claimed))
    while (seen.size < 3) for (const text of bodies(await claimAll(consumer, 1))) seen.add(text)
    expect([...seen].toSorted()).toEqual(['before', 'delayed', 'during'])
  })
})
