import { describe, expect, it } from 'vitest'

import type { Backend } from '../../../src/core/ports/backend.ts'
import { task } from '../../../src/task/task.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { openBench, STORE_PATHS, type PortWrapper } from '../../support/builders.ts'

const add = task('add', (...terms: number[]) => terms.reduce((sum, term) => sum + term, 0))

/** A backend into which others write too, and announce nothing. */
const shared = (change: (backend: Backend) => Backend = (backend) => backend): PortWrapper => ({
  broker: (broker) => broker,
  backend: (backend) => ({
    ...change(backend),
    capabilities: { ...backend.capabilities, foreignWriters: true },
  }),
})

const silent = (backend: Backend): Backend => ({ ...backend, watch: async () => () => {} })

/** A chord whose first member ends with a task that is published later. */
const tree = () => chord([chain(add(1), add(2)), add(3)], add())

describe.each(STORE_PATHS)('where others write states too, over %s', (path) => {
  it('each member of a group has a state before the first one runs', async () => {
    await using bench = await openBench({ path, tasks: [add], wrap: shared() })
    const sent = await bench.server.send(tree())
    const states = (await sent.steps()).map(({ state }) => state?.state)
    expect(states).toEqual(['PENDING', 'PENDING', 'PENDING', undefined])
    const [, later] = await sent.steps()
    expect(later?.state).toMatchObject({ taskName: 'add' })
  })

  it('such a workflow runs as any other, each task once', async () => {
    const runs: number[] = []
    const counted = task('add', (...terms: number[]) => {
      runs.push(terms.length)
      return terms.reduce((sum, term) => sum + term, 0)
    })
    await using bench = await openBench({ path, tasks: [counted], wrap: shared() })
    const sent = await bench.server.send(tree())
    await bench.startWorker()
    expect(await bench.settled(sent.get())).toBe(6)
    expect(runs.toSorted((one, other) => one - other)).toEqual([1, 1, 2, 2])
  })

  it('a later member fails with the step before it', async () => {
    const failing = task('failing', (): number => {
      throw new Error('no')
    })
    await using bench = await openBench({ path, tasks: [add, failing], wrap: shared() })
    const sent = await bench.server.send(chord([chain(failing(), add(2)), add(3)], add()))
    await bench.startWorker()
    await expect(bench.settled(sent.get())).rejects.toThrow('no')
    const states = (await sent.steps()).map(({ state }) => state?.state)
    expect(states).toEqual(['FAILURE', 'FAILURE', 'SUCCESS', 'FAILURE'])
  })

  it('so has each member of a tree that a schedule sends', async () => {
    await using bench = await openBench({ path, tasks: [add], wrap: shared() })
    await bench.server.schedule('tick', '@every 1s', tree())
    await bench.clock.advance(1_500)
    const pending = await bench.server.getPendingTasks()
    const [later] = pending.flatMap(({ onSuccess }) => onSuccess)
    expect(await bench.state(later?.uuid ?? '')).toMatchObject({ state: 'PENDING', taskName: 'add' })
  })

  it('nothing is sent when the states cannot be stored', async () => {
    const refusing = (backend: Backend): Backend => ({
      ...backend,
      tasks: { ...backend.tasks, pending: () => Promise.reject(new Error('refused')) },
    })
    await using bench = await openBench({ path, tasks: [add], wrap: shared(refusing) })
    await expect(bench.server.send(tree())).rejects.toThrow('refused')
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0 })
  })
})

describe('where nobody else writes states', () => {
  it('a later member has none before its turn', async () => {
    await using bench = await openBench({ tasks: [add] })
    const sent = await bench.server.send(tree())
    const states = (await sent.steps()).map(({ state }) => state?.state)
    expect(states).toEqual(['PENDING', undefined, 'PENDING', undefined])
  })
})

it('an end that nobody announces is seen at once while the wait is young', async () => {
  await using bench = await openBench({ tasks: [add], wrap: shared(silent) })
  const sent = await bench.server.send(add(1))
  const waiting = sent.get()
  await bench.clock.advance(20)
  const results = [{ type: 'int64', value: '1' }]
  await bench.backend.tasks.commit([
    {
      uuid: sent.uuid,
      taskName: 'add',
      token: '',
      state: 'SUCCESS',
      results,
      error: '',
      expiresInMs: 60_000,
    },
  ])
  const endedAt = bench.clock.now()
  expect(await bench.settled(waiting)).toBe(1)
  expect(bench.clock.now() - endedAt).toBeLessThanOrEqual(100)
})
