import { describe, expect, it } from 'vitest'

import { AmqpAdmin } from '../../../../src/drivers/amqp/amqp-admin.ts'
import { AmqpConsumer } from '../../../../src/drivers/amqp/amqp-consumer.ts'
import type { AmqpDelays } from '../../../../src/drivers/amqp/amqp-delays.ts'
import type { AmqpReturns } from '../../../../src/drivers/amqp/amqp-returns.ts'
import type { AmqpTopology } from '../../../../src/drivers/amqp/amqp-topology.ts'
import { type FakeChannel, fakeLink } from './fake-client.ts'

/** A consumer whose copies are stored when the test says so. */
async function consuming() {
  const link = await fakeLink()
  const copies: (() => void)[] = []
  const store = (): Promise<void> => new Promise((resolve) => copies.push(resolve))
  const parts = {
    topology: { queue: async () => {}, forgetQueue: () => {} } as unknown as AmqpTopology,
    delays: { rebind: async () => {} } as unknown as AmqpDelays,
    returns: { copy: store, putBack: store } as unknown as AmqpReturns,
  }
  const consumer = await AmqpConsumer.open(
    'jobs',
    { maxUnsettled: 10, onLost: () => {} },
    {
      ...link,
      ...parts,
      admin: new AmqpAdmin(link.connection),
      name: 'consumer',
      forget: () => {},
    },
  )
  const stored = async (): Promise<void> => {
    for (const resolve of copies.splice(0)) resolve()
    await link.clock.settle()
  }
  const hold = async (count: number) => {
    const claimed = consumer.claim(count, new AbortController().signal)
    await link.clock.settle()
    const channel = link.channels.at(-1) as FakeChannel
    for (let tag = 1; tag <= count; tag++) channel.deliver(tag)
    const deliveries = await claimed
    expect(deliveries).toHaveLength(count)
    return { channel, settlements: deliveries.map(({ id }) => ({ id, kind: 'ack' }) as const) }
  }
  const end = async (): Promise<void> => {
    const closing = consumer.close()
    await link.clock.settle()
    await stored()
    await closing
    await link.connection.close()
  }
  return { ...link, consumer, copies, stored, hold, end }
}

describe('a consumer', () => {
  it('keeps a channel open until what it gives back over it is stored', async () => {
    const { clock, channels, consumer, stored, end } = await consuming()
    const aborted = new AbortController()
    const claimed = consumer.claim(1, aborted.signal).catch(() => 'aborted')
    await clock.settle()
    const channel = channels.at(-1) as FakeChannel
    aborted.abort()
    await claimed
    channel.deliver(1)
    await clock.advance(2_000)
    const given = consumer.giveBackSurplus()
    await clock.settle()
    expect(channel.isClosed).toBe(false)
    expect(channel.acked).toEqual([])
    await stored()
    await given
    expect(channel.acked).toEqual(['1'])
    expect(channel.isClosed).toBe(true)
    await end()
  })

  it('asks for nothing after it gave back what nobody claimed', async () => {
    const { clock, channels, consumer, stored, end } = await consuming()
    const aborted = new AbortController()
    const claimed = consumer.claim(1, aborted.signal).catch(() => 'aborted')
    await clock.settle()
    aborted.abort()
    await claimed
    channels.at(-1)?.deliver(1)
    await clock.advance(2_000)
    const given = consumer.giveBackSurplus()
    await clock.settle()
    await stored()
    await given
    expect(channels.filter(({ isClosed }) => !isClosed).map(({ consumers }) => consumers)).toEqual([0])
    await end()
  })

  it('settles a delivery once, whoever asks', async () => {
    const { consumer, stored, hold, end } = await consuming()
    const { channel, settlements } = await hold(1)
    const first = consumer.settle(settlements)
    const second = consumer.settle(settlements)
    await stored()
    expect(await Promise.all([first, second])).toEqual([['settled'], ['lost']])
    expect(channel.acked).toEqual(['1'])
    await end()
  })

  it('settles what is under way before it closes, and gives back the rest', async () => {
    const { clock, consumer, copies, stored, hold } = await consuming()
    const { channel, settlements } = await hold(2)
    const settled = consumer.settle(settlements.slice(0, 1))
    const closing = consumer.close()
    await clock.settle()
    expect(copies).toHaveLength(1)
    await stored()
    expect(await settled).toEqual(['settled'])
    expect(channel.acked).toEqual(['1'])
    await stored()
    await closing
    expect(channel.acked).toEqual(['1', '2'])
  })
})
