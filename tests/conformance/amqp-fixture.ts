import { connect, type Channel, type ChannelModel, type GetMessage } from 'amqplib'
import { afterEach, expect } from 'vitest'

import type { Broker, Consumer, Delivery, Outgoing } from '../../src/core/ports/broker.ts'
import { amqpStore, type AmqpStore, type AmqpStoreOptions } from '../../src/drivers/amqp/index.ts'
import { waitFor } from '../support/wait-for.ts'

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

/** Closed when the test ends, last opened first. */
export function closing<T extends { close(): unknown }>(one: T): T {
  open.push(one)
  return one
}

/** A store that is closed when the test ends. */
export const openStore = async (options: AmqpStoreOptions): Promise<AmqpStore> =>
  closing(await amqpStore(options))

/** A plain channel, as Go's workers and people use. One that the server closes is no error of the test. */
export async function rawChannel(url: string): Promise<Channel> {
  const connection: ChannelModel = closing(await connect(url))
  connection.on('error', () => {})
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  return channel
}

export const outgoing = (queue: string, text: string, changes: Partial<Outgoing> = {}): Outgoing => ({
  queue,
  body: Buffer.from(text),
  delayMs: 0,
  priority: 0,
  uuid: 'task_1',
  orderingKey: '',
  ...changes,
})

export const bodies = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ body }) => Buffer.from(body).toString())

export async function publish(broker: Broker, ...messages: readonly Outgoing[]): Promise<void> {
  const outcomes = await broker.publish(messages)
  expect(outcomes).toEqual(messages.map(() => ({ outcome: 'stored' })))
}

export const consume = (broker: Broker, queue: string, onLost: (ids: readonly string[]) => void = () => {}) =>
  broker.consume(queue, { maxUnsettled: 64, onLost })

/** Claims until `count` are there. */
export async function claimAll(consumer: Consumer, count: number): Promise<readonly Delivery[]> {
  const { signal } = new AbortController()
  const all: Delivery[] = []
  while (all.length < count) all.push(...(await consumer.claim(count - all.length, signal)))
  return all
}

/** The next message of a queue, for a plain client. */
export const rawGet = (channel: Channel, queue: string): Promise<GetMessage> =>
  waitFor(() => channel.get(queue, { noAck: true }), { what: `a message in ${queue}` }) as Promise<GetMessage>
