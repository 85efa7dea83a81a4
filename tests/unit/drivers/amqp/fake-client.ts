import { EventEmitter } from 'node:events'

import type { AmqpClient } from '../../../../src/drivers/amqp/amqp-client.ts'
import { AmqpConnection } from '../../../../src/drivers/amqp/amqp-connection.ts'
import {
  type AmqpSettings,
  amqpSettings,
  type AmqpStoreOptions,
} from '../../../../src/drivers/amqp/amqp-options.ts'
import { type FakeClock, fakeClock } from '../../../../src/testing/fake-clock.ts'

type Confirm = (error: unknown) => void

/** A channel that does what its test says, and notes what it was told. */
export class FakeChannel extends EventEmitter {
  readonly published: string[] = []
  readonly confirms: Confirm[] = []
  readonly declared: { readonly queue: string; readonly args: unknown }[] = []
  /** Tags, with `+` where everything below was meant too. */
  readonly acked: string[] = []
  consumers = 0
  isClosed = false

  async close(): Promise<void> {
    this.end()
  }

  /** As the server, or the end of the connection, closes it. */
  end(error?: Error): void {
    if (this.isClosed) return
    this.isClosed = true
    if (error !== undefined) this.emit('error', error)
    this.emit('close')
  }

  publish(_exchange: string, key: string, _content: Buffer, _options: unknown, confirm: Confirm): boolean {
    if (this.isClosed) throw new Error('Channel closed')
    this.published.push(key)
    this.confirms.push(confirm)
    return true
  }

  async assertQueue(queue: string, options: { readonly arguments: unknown }): Promise<void> {
    this.declared.push({ queue, args: options.arguments })
  }

  async prefetch(): Promise<void> {}

  async consume(): Promise<{ readonly consumerTag: string }> {
    this.consumers += 1
    return { consumerTag: `consumer ${this.consumers}` }
  }

  async cancel(): Promise<void> {
    this.consumers -= 1
  }

  ack({ fields }: { readonly fields: { readonly deliveryTag: number } }, allUpTo: boolean): void {
    this.acked.push(`${fields.deliveryTag}${allUpTo ? '+' : ''}`)
  }

  /** Hands a message over. */
  deliver(deliveryTag: number): void {
    const fields = { deliveryTag, redelivered: false, exchange: '', routingKey: 'jobs' }
    this.emit('delivery', { content: Buffer.from(`message ${deliveryTag}`), fields, properties: {} })
  }
}

/** A connection whose channels are those of the test, in the order of their opening. */
export interface FakeLink {
  readonly clock: FakeClock
  readonly settings: AmqpSettings
  readonly connection: AmqpConnection
  readonly channels: readonly FakeChannel[]
}

/** @param opening how a channel opens: at once, unless the test says otherwise */
export async function fakeLink(
  opening: (channel: FakeChannel) => Promise<FakeChannel> = async (channel) => channel,
  options: AmqpStoreOptions = {},
): Promise<FakeLink> {
  const clock = fakeClock()
  const settings = amqpSettings({ ...options, clock })
  const channels: FakeChannel[] = []
  const open = (): Promise<FakeChannel> => {
    const channel = new FakeChannel()
    channels.push(channel)
    return opening(channel)
  }
  const client = Object.assign(new EventEmitter(), {
    close: async () => {},
    createChannel: open,
    createConfirmChannel: open,
  })
  const connector = { name: 'a fake', isOurs: true, open: async () => client as unknown as AmqpClient }
  const connection = new AmqpConnection(connector, settings)
  await connection.open()
  return { clock, settings, connection, channels }
}
