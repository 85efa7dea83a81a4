import { expect } from 'vitest'

import type { Server } from '../../../src/index.ts'
import type { Cell } from '../cell.ts'
import type { GoProgram } from '../go-program.ts'
import type { Interop } from '../interop.ts'
import { add } from '../tasks.ts'
import { goArgs, goInt64 } from './go-values.ts'

const NAMES = "names of Go's example"
const TOPIC = 'topic exchange'
const QUEUES = 'looking into queues'
const WAIT = { timeoutMs: 10_000 }
const DELAY_MS = 100

/** One sent at once and one delayed: both languages read the results of the other. */
async function fromGo(go: GoProgram, server: Server, queue?: string): Promise<void> {
  const signature = { name: 'add', args: goArgs(1n, 2n), ...(queue === undefined ? {} : { queue }) }
  for (const delayMs of [0, DELAY_MS]) {
    const uuid = await go.send({ ...signature, delayMs })
    expect(await server.result(uuid).get(WAIT)).toBe(3)
    expect(await go.result(uuid)).toEqual(goInt64(3n))
  }
}

async function toGo(go: GoProgram, server: Server, routingKey: string): Promise<void> {
  for (const delayMs of [0, DELAY_MS]) {
    const sent = await server.send(add(1n, 2n).with({ routingKey, delayMs }))
    expect(await sent.get(WAIT)).toBe(3n)
    expect(await go.result(sent.uuid)).toEqual(goInt64(3n))
  }
}

// Exchange `machinery_exchange`, and where they are not told otherwise TypeScript's queue and binding key, too.
const DEFAULT_QUEUE = 'machinery_tasks'
const DEFAULT_KEY = 'machinery_task'

const NAME_CELLS: readonly Cell[] = [
  {
    area: NAMES,
    direction: 'Go → TypeScript',
    name: 'what names no queue goes to the binding key, and from there to the default queue',
    run: async ({ startGo, startWorker }) => {
      const go = await startGo({ queue: DEFAULT_QUEUE, bindingKey: DEFAULT_KEY })
      const server = await startWorker({ defaultQueue: DEFAULT_QUEUE, queue: DEFAULT_QUEUE })
      await fromGo(go, server)
    },
  },
  {
    area: NAMES,
    direction: 'TypeScript → Go',
    name: 'a worker of the default queue',
    run: async ({ startGo, openServer }) => {
      const go = await startGo({ queue: DEFAULT_QUEUE, bindingKey: DEFAULT_KEY })
      await go.work({ queue: DEFAULT_QUEUE })
      await toGo(go, await openServer(), DEFAULT_QUEUE)
    },
  },
]

/** Each queue is bound for every key below its name. */
const keysBelow = (queue: string): string => `${queue}.#`

/** A Go program with this queue on a topic exchange, and how TypeScript uses `queue` there. */
async function onTopic({ goSettings, name, startGo }: Interop, goQueue: string) {
  const exchange = name('topic')
  const queue = name('tasks')
  const options = {
    exchange,
    exchangeType: 'topic',
    defaultQueue: queue,
    bindingKey: keysBelow(queue),
  } as const
  const { exchangeType } = options
  const go = await startGo({ exchange, exchangeType, queue: goQueue, bindingKey: keysBelow(goQueue) })
  const broker = `${goSettings.broker}?${new URLSearchParams(options).toString()}`
  return { go, queue, key: `${queue}.eu.slow`, broker }
}

const TOPIC_CELLS: readonly Cell[] = [
  {
    area: TOPIC,
    direction: 'Go → TypeScript',
    name: 'by a routing key that the binding key of TypeScript matches',
    run: async (interop) => {
      const { go, queue, key, broker } = await onTopic(interop, interop.name('go'))
      await fromGo(go, await interop.startWorker({ broker, queue }), key)
    },
  },
  {
    area: TOPIC,
    direction: 'TypeScript → Go',
    name: 'by a routing key that the binding key of both matches',
    run: async (interop) => {
      const { go, queue, key, broker } = await onTopic(interop, interop.name('tasks'))
      await go.work({ queue })
      await toGo(go, await interop.openServer({ broker }), key)
    },
  },
]

const QUEUE_CELLS: readonly Cell[] = [
  {
    area: QUEUES,
    direction: 'Go → TypeScript',
    name: 'TypeScript sees what Go sent',
    run: async ({ go, tsQueue, openServer }) => {
      const server = await openServer()
      const uuid = await go.send({ name: 'add', queue: tsQueue, args: goArgs(1n, 2n), retryCount: 3 })
      expect(await server.getPendingTasks()).toMatchObject([
        { uuid, name: 'add', routingKey: tsQueue, retryCount: 3, args: [{ value: '1' }, { value: '2' }] },
      ])
      expect(await server.queueStats()).toMatchObject({ pending: 1 })
    },
  },
  {
    area: QUEUES,
    direction: 'TypeScript → Go',
    name: 'Go sees what TypeScript sent, and a worker gets it afterwards',
    run: async ({ go, tsQueue, openServer }) => {
      const server = await openServer()
      const sent = await server.send(add(1n, 2n))
      expect(await go.pending(tsQueue)).toMatchObject([
        { UUID: sent.uuid, Name: 'add', RoutingKey: tsQueue, Args: [{ Value: 1 }, { Value: 2 }] },
      ])
      await server.startWorker({ noSignals: true })
      expect(await sent.get(WAIT)).toBe(3n)
    },
  },
]

/** Exchanges and keys of RabbitMQ, and messages that wait there. */
export const AMQP_ROUTE_CELLS: readonly Cell[] = [...NAME_CELLS, ...TOPIC_CELLS, ...QUEUE_CELLS]
