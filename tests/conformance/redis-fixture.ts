import { Redis } from 'ioredis'
import { afterEach, expect } from 'vitest'

import type { Broker, Consumer, Delivery, Outgoing } from '../../src/core/ports/broker.ts'
import { redisStore, type RedisStore, type RedisStoreOptions } from '../../src/drivers/redis/index.ts'

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
export const openStore = async (options: RedisStoreOptions): Promise<RedisStore> =>
  closing(await redisStore(options))

/** A plain client, as Go's workers and people use. */
export function rawClient(url: string): Redis {
  const client = new Redis(url)
  closing({ close: () => client.disconnect() })
  return client
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

/** A message as a server sends it. */
export const document = (queue: string, uuid: string): string =>
  `{"UUID":"${uuid}","Name":"add","RoutingKey":"${queue}","Args":[{"Type":"int64","Value":1}]}`

export const bodies = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ body }) => Buffer.from(body).toString())

export async function publish(broker: Broker, ...messages: readonly Outgoing[]): Promise<void> {
  const outcomes = await broker.publish(messages)
  expect(outcomes).toEqual(messages.map(() => ({ outcome: 'stored' })))
}

export const consume = (broker: Broker, queue: string, onLost: (ids: readonly string[]) => void = () => {}) =>
  broker.consume(queue, { maxUnsettled: 64, onLost })

/** Claims until `count` are there; runs the chores meanwhile where they are given. */
export async function claimAll(
  consumer: Consumer,
  count: number,
  broker?: Broker,
): Promise<readonly Delivery[]> {
  const done = new AbortController()
  const running = broker === undefined ? undefined : runChores(broker, done.signal)
  const all: Delivery[] = []
  while (all.length < count) all.push(...(await consumer.claim(count - all.length, done.signal)))
  done.abort()
  await running
  return all
}

/** Runs the chores of a broker again and again. */
export async function runChores(broker: Broker, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const chore of broker.chores) await chore.run(signal)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
