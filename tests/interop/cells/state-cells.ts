import { expect } from 'vitest'

import type { TaskStateName } from '../../../src/index.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Cell } from '../cell.ts'
import { add, fail, hold } from '../tasks.ts'
import { goArgs, goInt64 } from './go-values.ts'

const STATES = 'states'
const QUEUES = 'looking into queues'
const WAIT = { timeoutMs: 10_000 }
const HOUR_MS = 3_600_000
const RECENT_MS = 600_000

const isRecent = (createdAt: string): boolean => Math.abs(Date.now() - Date.parse(createdAt)) < RECENT_MS

const STATE_CELLS: readonly Cell[] = [
  {
    area: STATES,
    direction: 'TypeScript → Go',
    name: 'TypeScript reads PENDING, STARTED and SUCCESS; name and time of creation are kept',
    run: async ({ go, goQueue, name, openServer }) => {
      const server = await openServer()
      const sent = await server.send(hold(name('gate'), 5n).with({ routingKey: goQueue }))
      const seen = new Set<TaskStateName>()
      const started = await waitFor(async () => {
        const state = await sent.state()
        if (state !== undefined) seen.add(state.state)
        return state?.state === 'STARTED' ? state : undefined
      }, WAIT)
      await go.open(name('gate'))
      expect(await sent.get(WAIT)).toBe(5n)
      const ended = await sent.state()
      expect(ended).toMatchObject({ state: 'SUCCESS', taskName: 'hold', createdAt: started.createdAt })
      expect(isRecent(started.createdAt)).toBe(true)
    },
  },
  {
    area: STATES,
    direction: 'Go → TypeScript',
    name: 'Go reads PENDING, STARTED and SUCCESS; name and time of creation are kept',
    run: async ({ go, tsQueue, name, gates, startWorker }) => {
      const uuid = await go.send({ name: 'hold', queue: tsQueue, args: goArgs(name('gate'), 5n) })
      const pending = await go.state(uuid)
      expect(pending).toMatchObject({ TaskUUID: uuid, TaskName: 'hold', State: 'PENDING', Error: '' })
      await startWorker()
      await waitFor(async () => (await go.state(uuid)).State === 'STARTED', WAIT)
      gates.open(name('gate'))
      expect(await go.result(uuid)).toEqual(goInt64(5n))
      expect(await go.state(uuid)).toMatchObject({
        State: 'SUCCESS',
        TaskName: 'hold',
        CreatedAt: pending.CreatedAt,
      })
    },
  },
  {
    area: STATES,
    direction: 'Go → TypeScript',
    name: 'Go reads FAILURE with its text, and RETRY while a task waits for its next attempt',
    run: async ({ go, tsQueue, startWorker }) => {
      const server = await startWorker()
      const failed = await server.send(fail('for good'))
      await expect(go.result(failed.uuid)).rejects.toThrow('for good')
      expect(await go.state(failed.uuid)).toMatchObject({ State: 'FAILURE', Error: 'for good' })
      const uuid = await go.send({ name: 'fail', queue: tsQueue, args: goArgs('again'), retryCount: 9 })
      const waiting = await waitFor(async () => {
        const state = await go.state(uuid)
        return state.State === 'RETRY' ? state : undefined
      }, WAIT)
      expect(waiting).toMatchObject({ TaskName: 'fail' })
      expect(await server.result(uuid).cancel()).toBe(true)
    },
  },
]

const QUEUE_CELLS: readonly Cell[] = [
  {
    area: QUEUES,
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
    area: QUEUES,
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

/** States that one language writes and the other reads, and messages that wait. */
export const STATE_AND_QUEUE_CELLS: readonly Cell[] = [...STATE_CELLS, ...QUEUE_CELLS]
