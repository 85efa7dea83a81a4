import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib'

import { createServer } from '../../src/index.ts'
import { service } from '../../tests/support/service-process.ts'
import { noop } from '../noop-task.ts'
import { median } from '../statistics.ts'

// `node bench/micro/amqp.bench.ts [messages] [rounds]`: the product without a result backend against a bare loop over amqplib, on one
// server, in turns, so that what else the machine does disturbs both alike.

const MESSAGES = Number(process.argv[2] ?? 20_000)
const ROUNDS = Number(process.argv[3] ?? 5)
const IN_FLIGHT = 100
const EXCHANGE = 'machinery_exchange'
const QUEUE = 'machinery_tasks'
const ID = 'task_0199e1f0-0000-7000-8000-000000000000'
const body = Buffer.from(
  `{"UUID":"${ID}","Name":"noop","RoutingKey":"machinery_tasks","Args":[{"Type":"int64","Value":1},{"Type":"int64","Value":2}]}`,
)

const rabbitmq = await service('rabbitmq')
const connection: ChannelModel = await connect(rabbitmq.url)

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return count / ((performance.now() - startedAt) / 1_000)
}

async function barePublish(): Promise<void> {
  const channel = await connection.createConfirmChannel()
  await new Promise<void>((resolve) => {
    let sent = 0
    let confirmed = 0
    const send = (): void => {
      if (sent === MESSAGES) return
      sent += 1
      // The properties that Go sets, and an id: without them the server stores a third more messages.
      const properties = { persistent: true, mandatory: true, contentType: 'application/json', messageId: ID }
      channel.publish(EXCHANGE, QUEUE, body, properties, () => {
        confirmed += 1
        if (confirmed === MESSAGES) resolve()
        else send()
      })
    }
    for (let index = 0; index < IN_FLIGHT; index++) send()
  })
  await channel.close()
}

async function bareConsume(
  onMessage: (channel: Channel, message: ConsumeMessage, count: number) => void,
): Promise<void> {
  const channel = await connection.createChannel()
  await channel.prefetch(IN_FLIGHT)
  await new Promise<void>((resolve, reject) => {
    let count = 0
    const receive = (message: ConsumeMessage | null): void => {
      if (message === null) return
      count += 1
      onMessage(channel, message, count)
      if (count === MESSAGES) resolve()
    }
    channel.consume(QUEUE, receive).catch(reject)
  })
  await channel.close()
}

const server = (counted: ReturnType<typeof noop.implement>) =>
  createServer({ broker: rabbitmq.url, resultBackend: null, tasks: [counted] })

async function ourPublish(): Promise<void> {
  await using sender = await server(noop.implement(() => 0))
  let sent = 0
  const sendOn = async (): Promise<void> => {
    while (sent < MESSAGES) {
      sent += 1
      await sender.send(noop(1, 2))
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, sendOn))
}

async function ourConsume(): Promise<void> {
  let left = MESSAGES
  let finish: () => void = () => {}
  const done = new Promise<void>((resolve) => (finish = resolve))
  const counted = noop.implement((one, other) => {
    left -= 1
    if (left === 0) finish()
    return one + other
  })
  await using receiver = await server(counted)
  const worker = await receiver.startWorker({ concurrency: IN_FLIGHT, noSignals: true })
  await done
  await worker.close()
}

const LOOPS: Readonly<Record<string, () => Promise<void>>> = {
  'publish, bare': barePublish,
  'consume, bare, single acks': () => bareConsume((channel, message) => channel.ack(message)),
  'publish, ours': ourPublish,
  'consume, ours': ourConsume,
  'publish, bare again': barePublish,
  'consume, bare, multiple acks': () =>
    bareConsume((channel, message, count) => {
      if (count % 50 === 0 || count === MESSAGES) channel.ack(message, true)
    }),
}

const channel = await connection.createChannel()
await channel.assertExchange(EXCHANGE, 'direct', { durable: true })
await channel.assertQueue(QUEUE, { durable: true })
await channel.bindQueue(QUEUE, EXCHANGE, QUEUE)
const rates = new Map<string, number[]>()
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, loop] of Object.entries(LOOPS)) {
    const rate = await perSecond(MESSAGES, loop)
    if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate])
  }
}
for (const [name, all] of rates)
  console.log(`${name.padEnd(32)} ${Math.round(median(all)).toLocaleString('en')} /s`)
const rate = (name: string): number => median(rates.get(name) ?? [])
const share = (name: string, of: string): string =>
  `${name} is ${((rate(name) / rate(of)) * 100).toFixed(0)} % of ${of}`
console.log(share('publish, ours', 'publish, bare'))
console.log(share('consume, ours', 'consume, bare, single acks'))
console.log(share('consume, ours', 'consume, bare, multiple acks'))
await connection.close()
await rabbitmq.stop()
