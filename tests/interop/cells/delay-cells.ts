import { expect } from 'vitest'

import type { Server } from '../../../src/index.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Cell } from '../cell.ts'
import type { Interop } from '../interop.ts'
import { add, flaky, later } from '../tasks.ts'
import { goArgs, goInt64 } from './go-values.ts'

const DELAYS = 'delays'
const RETRIES = 'retries'
const WAIT = { timeoutMs: 10_000 }
const DELAY_MS = 300
/** Clocks of two processes on one machine, and the rounding of scores. */
const TOLERANCE_MS = 20

/** A task that waits for its time. On RabbitMQ the tasks of other cells are seen beside it. */
const delayedTask = async (server: Server, uuid: string) =>
  (await server.getDelayedTasks()).find(({ message }) => message.uuid === uuid)

/** @param keyOf names the key under which Go keeps it, on Redis */
const delayedByGo = (name: string, keyOf?: (interop: Interop) => string): Cell => ({
  area: DELAYS,
  direction: 'Go → TypeScript',
  name,
  run: async (interop) => {
    const { go, tsQueue, startWorker } = interop
    await startWorker()
    const sentAt = performance.now()
    const delayed = { name: 'add', queue: tsQueue, args: goArgs(1n, 2n), delayMs: DELAY_MS }
    expect(await go.result(await go.send(delayed, keyOf?.(interop)))).toEqual(goInt64(3n))
    expect(performance.now() - sentAt).toBeGreaterThan(DELAY_MS - TOLERANCE_MS)
  },
})

const delayedByTypeScript = (name: string, open: (interop: Interop) => Promise<Server>): Cell => ({
  area: DELAYS,
  direction: 'TypeScript → Go',
  name,
  run: async (interop) => {
    const { go, goQueue } = interop
    const server = await open(interop)
    const sentAt = performance.now()
    const sent = await server.send(add(1n, 2n).with({ routingKey: goQueue, delayMs: DELAY_MS }))
    expect(await go.result(sent.uuid)).toEqual(goInt64(3n))
    expect(performance.now() - sentAt).toBeGreaterThan(DELAY_MS - TOLERANCE_MS)
  },
})

/** Messages that wait for their time in Redis, moved by either language. */
export const DELAY_CELLS: readonly Cell[] = [
  delayedByGo('moved by Go', ({ goDelayedKey }) => goDelayedKey),
  delayedByGo('moved by TypeScript', ({ delayedKey }) => delayedKey),
  delayedByTypeScript('moved by Go', ({ openServer, goDelayedKey }) =>
    openServer({ delayedKey: goDelayedKey }),
  ),
  delayedByTypeScript('moved by TypeScript', ({ startWorker }) => startWorker()),
]

/** Messages that RabbitMQ holds back: Go has a queue for each delay, TypeScript queues for all. */
export const AMQP_DELAY_CELLS: readonly Cell[] = [
  delayedByGo("held back in Go's queue of its delay"),
  delayedByTypeScript('held back in the queues of TypeScript', ({ openServer }) => openServer()),
]

/** Messages that wait for their next attempt, perhaps in the other language. */
export const RETRY_CELLS: readonly Cell[] = [
  {
    area: RETRIES,
    direction: 'mixed',
    name: 'TypeScript, Go, TypeScript: the Fibonacci sequence goes on',
    run: async ({ go, name, delayedKey, openServer, startWorker }) => {
      const [first, last] = [name('first'), name('last')]
      const server = await startWorker({ queue: last })
      const failing = await openServer()
      const worker = await failing.startWorker({ queues: first, noSignals: true })
      const sent = await server.send(flaky(0, last).with({ routingKey: first, retryCount: 2 }))
      await waitFor(() => delayedTask(server, sent.uuid), WAIT)
      await worker.close()
      await go.work({ queue: first, delayedKey })
      expect(await sent.get(WAIT)).toEqual([0, 2, 'TypeScript'])
    },
  },
  {
    area: RETRIES,
    direction: 'mixed',
    name: 'Go, TypeScript, Go: the Fibonacci sequence goes on',
    run: async ({ go, goQueue, tsQueue, delayedKey, openServer }) => {
      const server = await openServer()
      const worker = await server.startWorker({ queues: tsQueue, noSignals: true })
      const args = [{ type: 'int64', value: '0' }, ...goArgs(tsQueue)]
      const uuid = await go.send({ name: 'flaky', queue: goQueue, args, retryCount: 2 })
      const delayed = await waitFor(() => delayedTask(server, uuid), WAIT)
      expect(delayed.message).toMatchObject({ retryCount: 0, retryTimeoutSeconds: 2, attemptCount: 1 })
      await worker.close()
      await go.work({ queue: tsQueue, delayedKey })
      expect(await server.result(uuid).get(WAIT)).toEqual([0, 2, 'Go'])
    },
  },
  {
    area: RETRIES,
    direction: 'TypeScript → Go',
    name: 'a task that asks to be run later',
    run: async ({ go, goQueue, openServer }) => {
      const server = await openServer()
      const sent = await server.send(later(DELAY_MS).with({ routingKey: goQueue }))
      expect(await go.result(sent.uuid)).toEqual([{ type: 'string', value: '"Go"' }])
      expect(await sent.get(WAIT)).toBe('Go')
    },
  },
]
