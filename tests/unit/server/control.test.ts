import { describe, expect, it } from 'vitest'
import { reject } from '../../../src/core/outcome.ts'
import type { Broker } from '../../../src/core/ports/broker.ts'
import { task } from '../../../src/task/task.ts'
import { signature } from '../../../src/task/untyped-signature.ts'
import { gate, openBench, QUEUE, STORE_PATHS } from '../../support/builders.ts'

const echo = task('echo', (value: number) => value)

describe.each(STORE_PATHS)('looking into queues over %s', (path) => {
  it('shows what waits, in order and in parts, without taking it', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.server.sendMany([1, 2, 3, 4].map((value) => echo(value)))
    await bench.server.send(echo(5).with({ routingKey: 'other' }))
    const values = async (...args: Parameters<typeof bench.server.getPendingTasks>) =>
      (await bench.server.getPendingTasks(...args)).map((message) => Number(message.args[0]?.value))
    expect(await values()).toEqual([1, 2, 3, 4])
    expect(await values(QUEUE, { offset: 1, limit: 2 })).toEqual([2, 3])
    expect(await values('other')).toEqual([5])
    expect(await values('nothing')).toEqual([])
    expect(await bench.server.queueStats()).toMatchObject({ queue: QUEUE, pending: 4, delayed: 0, dead: 0 })
  })

  it('shows what is delayed, of all queues, soonest first, with its time', async () => {
    await using bench = await openBench({ path })
    const now = bench.clock.now()
    await bench.server.send(echo(1).with({ delayMs: 3_000 }))
    await bench.server.send(echo(2).with({ delayMs: 1_000, routingKey: 'other' }))
    const delayed = await bench.server.getDelayedTasks()
    expect(delayed.map(({ message, queue, dueAt }) => [message.args[0]?.value, queue, dueAt - now])).toEqual([
      ['2', 'other', 1_000],
      ['1', QUEUE, 3_000],
    ])
    expect(await bench.server.getDelayedTasks({ offset: 1, limit: 5 })).toHaveLength(1)
  })

  it('leaves out what cannot be read', async () => {
    await using bench = await openBench({ path })
    await bench.publish(Buffer.from('{not json'))
    await bench.server.send(echo(1))
    expect(await bench.server.getPendingTasks()).toHaveLength(1)
  })

  it('is refused where the broker cannot', async () => {
    const withoutInspector = ({ inspector: _inspector, ...broker }: Broker): Broker => broker
    await using bench = await openBench({
      path,
      wrap: { broker: withoutInspector, backend: (backend) => backend },
    })
    const calls = [
      bench.server.getPendingTasks(),
      bench.server.getDelayedTasks(),
      bench.server.getDeadLetters(),
      bench.server.queueStats(),
      bench.server.purge(),
      bench.server.redrive(),
    ]
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})

describe.each(STORE_PATHS)('purge over %s', (path) => {
  it('removes what waits in one queue, ready and delayed, and ends its tasks as cancelled, with what follows', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    const after = echo()
    const doomed = await bench.server.send(echo(1).with({ onSuccess: [after] }))
    const later = await bench.server.send(echo(2).with({ delayMs: 1_000 }))
    const spared = await bench.server.send(echo(3).with({ routingKey: 'other' }))
    await bench.publish(Buffer.from('{not json'))
    expect(await bench.server.purge()).toBe(3)
    for (const result of [doomed, later])
      await expect(bench.settled(result.get())).rejects.toMatchObject({
        code: 'ERR_TASK_CANCELLED',
        message: `cancelled: queue ${QUEUE} was purged`,
      })
    expect(await bench.state(after.uuid)).toMatchObject({
      state: 'FAILURE',
      error: `upstream ${doomed.uuid} failed: cancelled: queue ${QUEUE} was purged`,
    })
    await bench.startWorker({ queues: [QUEUE, 'other'] })
    expect(await bench.settled(spared.get())).toBe(3)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, delayed: 0 })
    expect(await bench.server.purge()).toBe(0)
  })

  it('of many messages cancels all of them', async () => {
    await using bench = await openBench({ path })
    const sent = await bench.server.sendMany(Array.from({ length: 1_100 }, (_, index) => echo(index)))
    await bench.server.sendMany(
      Array.from({ length: 600 }, (_, index) => echo(index).with({ delayMs: 5_000 })),
    )
    expect(await bench.server.purge()).toBe(1_700)
    const states = await bench.backend.tasks.get(sent.map((result) => result.uuid))
    expect(new Set(states.map((state) => state?.state))).toEqual(new Set(['FAILURE']))
  })

  it('leaves alone what runs, and what a further copy of an ended task led to', async () => {
    const { opened, open } = gate()
    const slow = task('slow', async () => {
      await opened
      return 5
    })
    await using bench = await openBench({ path, tasks: [slow, echo] })
    const worker = await bench.startWorker({ concurrency: 1 })
    const after = echo().with({ delayMs: 5_000, routingKey: 'other' })
    const result = await bench.server.send(slow().with({ onSuccess: [after] }))
    await bench.clock.settle()
    expect(await bench.server.purge()).toBe(0)
    open()
    expect(await bench.settled(result.get())).toBe(5)
    await bench.settled(worker.close())
    await bench.publish({ uuid: result.uuid, name: 'slow', onSuccess: [] })
    expect(await bench.server.purge()).toBe(1)
    expect(await bench.state(after.uuid)).toMatchObject({ state: 'PENDING' })
    expect(await result.get()).toBe(5)
  })
})

describe.each(STORE_PATHS)('dead letters over %s', (path) => {
  const picky = () => {
    const state = { isFixed: false, runs: 0 }
    const work = task('work', (value: number) => {
      state.runs += 1
      if (!state.isFixed) throw reject(`no ${value}`)
      return value
    })
    return { state, work }
  }

  it('can be looked at, and driven back: their tasks run again, with what follows', async () => {
    const { state, work } = picky()
    await using bench = await openBench({ path, tasks: [work, echo] })
    await bench.startWorker()
    const after = echo()
    const result = await bench.server.send(work(1).with({ onSuccess: [after] }))
    await expect(bench.settled(result.get())).rejects.toThrow('no 1')
    const [letter] = await bench.server.getDeadLetters()
    expect(letter).toMatchObject({ queue: QUEUE, reason: 'rejected: no 1', deadAt: bench.clock.now() })
    expect(await bench.state(after.uuid)).toMatchObject({ state: 'FAILURE' })
    state.isFixed = true
    expect(await bench.server.redrive()).toBe(1)
    expect(await bench.settled(bench.server.result(after.uuid).get())).toBe(1)
    expect(await bench.settled(result.get())).toBe(1)
    expect(await bench.server.getDeadLetters()).toEqual([])
  })

  it('can be driven back one by one', async () => {
    const { work } = picky()
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 1 })
    await bench.server.sendMany([work(1), work(2), work(3)])
    await bench.clock.settle()
    await bench.settled(worker.close())
    const [, second] = await bench.server.getDeadLetters()
    expect(await bench.server.redrive(QUEUE, [second?.id ?? '', 'no such letter'])).toBe(1)
    expect((await bench.server.getPendingTasks()).map((message) => message.args[0]?.value)).toEqual(['2'])
    expect(await bench.server.getDeadLetters()).toHaveLength(2)
  })

  it('in large numbers are all driven back', async () => {
    const { state, work } = picky()
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const sent = await bench.server.sendMany(Array.from({ length: 1_300 }, (_, index) => work(index)))
    await bench.clock.settle()
    state.isFixed = true
    expect(await bench.server.redrive()).toBe(1_300)
    await bench.settled(Promise.all(sent.map((result) => result.get())))
  })

  it('that die again at once are not driven back for ever', async () => {
    const { state, work } = picky()
    let driven = 0
    // As a fast worker does: what is driven back is dead again before the next look.
    const restless = (broker: Broker): Broker => {
      const { inspector } = broker
      if (inspector === undefined) throw new Error('memory has an inspector')
      return {
        ...broker,
        inspector: {
          ...inspector,
          redrive: async (_queue, ids) => {
            driven += ids.length
            return ids.length
          },
        },
      }
    }
    await using bench = await openBench({
      path,
      tasks: [work],
      wrap: { broker: restless, backend: (backend) => backend },
    })
    await bench.startWorker()
    await bench.server.sendMany([work(1), work(2)])
    await bench.clock.settle()
    expect(await bench.server.redrive()).toBe(2)
    expect([driven, state.runs]).toEqual([2, 2])
  })

  it('of an unknown task run where it is known by now', async () => {
    await using bench = await openBench({ path })
    await bench.startWorker({ unknownTask: 'deadLetter' })
    const result = await bench.server.send(signature('later'))
    await expect(bench.settled(result.get())).rejects.toThrow('Task not registered error: later')
    bench.server.register(task('later', () => 'known'))
    expect(await bench.server.redrive()).toBe(1)
    expect(await bench.settled(result.get())).toBe('known')
  })
})

describe.each(STORE_PATHS)('forgetting over %s', (path) => {
  it('removes states and groups', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.startWorker()
    const result = await bench.server.send(echo(1))
    await bench.settled(result.get())
    await bench.backend.groups.init([{ groupUuid: 'g', taskUuids: ['a'], createdAt: '', expiresInMs: 1 }])
    await bench.server.purgeResults([result.uuid, 'unknown'])
    await bench.server.purgeGroups(['g', 'unknown'])
    expect(await result.state()).toBeUndefined()
    expect(await bench.backend.groups.get(['g'])).toEqual([undefined])
  })
})
