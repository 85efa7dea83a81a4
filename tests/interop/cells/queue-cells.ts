import { expect } from 'vitest'

import type { Cell } from '../cell.ts'
import { add } from '../tasks.ts'
import { goArgs } from './go-values.ts'

const AREA = 'looking into queues'
const HOUR_MS = 3_600_000
const RECENT_MS = 600_000

/** Messages that wait in Redis. */
export const QUEUE_CELLS: readonly Cell[] = [
  {
    area: AREA,
    direction: 'Go → TypeScript',
    name: 'TypeScript sees what Go sent, waiting and delayed',
    run: async ({ go, tsQueue, delayedKey, openServer }) => {
      const server = await openServer()
      const uuid = await go.send({ name: 'add', queue: tsQueue, args: goArgs(1n, 2n), retryCount: 3 })
      const delayed = { name: 'add', queue: tsQueue, args: goArgs(3n), delayMs: HOUR_MS }
      const delayedUuid = await go.send(delayed, delayedKey)
      expect(await server.getPendingTasks()).toMatchObject([
        { uuid, name: 'add', routingKey: tsQueue, retryCount: 3, args: [{ value: '1' }, { value: '2' }] },
      ])
      const [waiting, ...others] = await server.getDelayedTasks()
      expect(others).toEqual([])
      expect(waiting).toMatchObject({
        queue: tsQueue,
        message: { uuid: delayedUuid, args: [{ value: '3' }] },
      })
      const dueAt = waiting?.dueAt ?? 0
      expect(Math.abs(dueAt - Date.now() - HOUR_MS)).toBeLessThan(RECENT_MS)
      expect(await server.queueStats()).toMatchObject({ pending: 1, delayed: 1 })
    },
  },
  {
    area: AREA,
    direction: 'TypeScript → Go',
    name: 'Go sees what TypeScript sent, waiting and delayed',
    run: async ({ go, tsQueue, delayedKey, openServer }) => {
      const server = await openServer()
      const sent = await server.send(add(1n, 2n))
      const delayed = await server.send(add(3n).with({ delayMs: HOUR_MS }))
      expect(await go.pending(tsQueue)).toMatchObject([
        { UUID: sent.uuid, Name: 'add', RoutingKey: tsQueue, Args: [{ Value: 1 }, { Value: 2 }] },
      ])
      expect(await go.delayed(delayedKey)).toMatchObject([
        { UUID: delayed.uuid, Name: 'add', RoutingKey: tsQueue, Args: [{ Type: 'int64', Value: 3 }] },
      ])
    },
  },
]
