import { connect, type GetMessage } from 'amqplib'

import { service } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { goArgs } from './cells/go-values.ts'
import { startGoProgram } from './go-program.ts'

/** A message of Go as RabbitMQ has it: a line of `golden/amqp.jsonl`. */
export interface AmqpDocument {
  readonly queue: string
  readonly exchange: string
  readonly routingKey: string
  /** Those that are set. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The names of Go's example. */
const EXAMPLE = { queue: 'machinery_tasks', bindingKey: 'machinery_task' } as const
const DELAY_MS = 200
const WAIT = { timeoutMs: 10_000 }

/** A task, its state, and a task that was delayed, under the names of Go's example, as JSON; and the server's version. */
export async function captureAmqp(): Promise<{
  readonly documents: readonly string[]
  readonly version: unknown
}> {
  const server = await service('rabbitmq')
  const go = await startGoProgram({ broker: server.url, backend: server.url, ...EXAMPLE })
  try {
    const client = await connect(server.url)
    const channel = await client.createChannel()
    const take = async (queue: string): Promise<string> => {
      const message = await waitFor(() => channel.get(queue, { noAck: true }), WAIT)
      return JSON.stringify(amqpDocument(queue, message as GetMessage))
    }
    const task = {
      name: 'add',
      uuid: 'golden_amqp',
      args: goArgs(1n, 1n),
      priority: 5,
      headers: { k: 'v' },
    }
    await go.send(task)
    const sent = [await take(EXAMPLE.bindingKey), await take(task.uuid)]
    await go.send({ ...task, uuid: 'golden_amqp_delayed', delayMs: DELAY_MS })
    const delayed = await take(EXAMPLE.bindingKey)
    await client.close()
    return { documents: [...sent, delayed], version: client.connection.serverProperties.version }
  } finally {
    await go.stop()
    await server.stop()
  }
}

function amqpDocument(queue: string, { fields, properties, content }: GetMessage): AmqpDocument {
  const { exchange, routingKey } = fields
  return { queue, exchange, routingKey, properties: { ...properties }, body: content.toString() }
}
