import { expect } from 'vitest'

import type { TaskStateName } from '../../../src/index.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Cell } from '../cell.ts'
import { fail, hold } from '../tasks.ts'
import { goArgs, goInt64 } from './go-values.ts'

const AREA = 'states'
const WAIT = { timeoutMs: 10_000 }
const RECENT_MS = 600_000

const isRecent = (createdAt: string): boolean => Math.abs(Date.now() - Date.parse(createdAt)) < RECENT_MS

/** States that one language writes and the other reads. */
export const STATE_CELLS: readonly Cell[] = [
  {
    area: AREA,
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
    area: AREA,
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
    area: AREA,
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
