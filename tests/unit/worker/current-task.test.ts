import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../../src/core/errors.ts'
import type { CurrentTask } from '../../../src/worker/current-task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { task } from '../../../src/task/task.ts'
import { memoryFaults } from '../../../src/testing/index.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'

describe.each(STORE_PATHS)('currentTask() over %s', (path) => {
  it('tells a handler all about its run', async () => {
    let seen: CurrentTask | undefined
    const work = task('work', async () => {
      await Promise.resolve()
      seen = currentTask()
      currentTask().logger.info({ step: 1 }, 'working')
    })
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker({ queues: 'side' })
    const headers = { tenant: 'blue', text: 'with "quotes"' }
    const result = await bench.server.send(work().with({ routingKey: 'side', headers, hardLimitMs: 500 }))
    const startedAt = bench.clock.now()
    await bench.settled(result.get())
    expect(seen).toMatchObject({
      uuid: result.uuid,
      name: 'work',
      queue: 'side',
      attempt: 1,
      deadlineAt: startedAt + 500,
      idempotencyKey: result.uuid,
    })
    expect(seen?.message.name).toBe('work')
    expect(Object.fromEntries(seen?.headers ?? [])).toMatchObject(headers)
    expect(bench.logs.find((line) => line.message === 'working')).toEqual({
      level: 'info',
      message: 'working',
      fields: { worker: worker.name, uuid: result.uuid, task: 'work', queue: 'side', attempt: 1, step: 1 },
    })
  })

  it('names each run by a fence of its own, and all of them by one idempotency key', async () => {
    const fences: string[] = []
    const keys: string[] = []
    const work = task('work', () => {
      fences.push(currentTask().fence)
      keys.push(currentTask().idempotencyKey)
      if (fences.length < 3) throw new Error('again')
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work().with({ retryCount: 2 }))
    await bench.settled(result.get())
    expect(new Set(fences).size).toBe(3)
    expect(new Set(keys)).toEqual(new Set([result.uuid]))
  })

  it('keeps the runs apart that run at the same time', async () => {
    const { opened, open } = gate()
    const work = task('work', async (value: number) => {
      const { uuid } = currentTask()
      await opened
      return [value, uuid === currentTask().uuid]
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ concurrency: 5 })
    const sent = await bench.server.sendMany([work(1), work(2), work(3)])
    await bench.clock.settle()
    open()
    expect(await bench.settled(Promise.all(sent.map((result) => result.get())))).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ])
  })

  it('cannot extend a lease where the broker has none', async () => {
    let thrown: unknown
    const work = task('work', async () => {
      await currentTask()
        .extend(1_000)
        .catch((error: unknown) => (thrown = error))
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    await bench.settled((await bench.server.send(work())).get())
    expect(isMachineryError(thrown, 'ERR_UNSUPPORTED')).toBe(true)
  })

  it('cannot extend a lease that is lost', async () => {
    const { opened, open } = gate()
    const thrown: unknown[] = []
    const work = task('work', async () => {
      await opened
      await currentTask()
        .extend(1_000)
        .catch((error: unknown) => thrown.push(error))
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ concurrency: 1 })
    await bench.server.send(work())
    await bench.clock.settle()
    const faults = memoryFaults(bench.store)
    faults.loseLease(faults.held())
    open()
    await bench.clock.settle()
    expect(isMachineryError(thrown[0], 'ERR_LEASE_LOST')).toBe(true)
  })

  it('has a signal that is not aborted in a run that ends in time', async () => {
    let signal: AbortSignal | undefined
    const work = task('work', () => {
      signal = currentTask().signal
      expect(currentTask().signal).toBe(signal)
    })
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker()
    await bench.settled((await bench.server.send(work().with({ softLimitMs: 10 }))).get())
    await bench.clock.advance(1_000)
    await bench.settled(worker.close())
    expect(signal?.aborted).toBe(false)
  })
})

describe('outside of a handler', () => {
  it('there is no current task', async () => {
    expect(() => currentTask()).toThrow(expect.objectContaining({ code: 'ERR_NO_CURRENT_TASK' }) as Error)
  })

  it('a signal that is first asked for after the abort is aborted, with the reason', async () => {
    const { opened, open } = gate()
    let reason: unknown
    const work = task('work', async () => {
      await opened
      reason = currentTask().signal.reason
    })
    await using bench = await openBench({ tasks: [work] })
    await bench.startWorker()
    await bench.server.send(work().with({ softLimitMs: 10 }))
    await bench.clock.advance(10)
    open()
    await bench.clock.settle()
    expect(isMachineryError(reason, 'ERR_TASK_TIMEOUT')).toBe(true)
  })
})
