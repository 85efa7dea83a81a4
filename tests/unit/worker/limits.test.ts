import { describe, expect, it } from 'vitest'
import type { MachineryError } from '../../../src/core/errors.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'

/** Ends with the reason when the signal is aborted. */
const obedient = (): Promise<never> =>
  new Promise((_resolve, reject) => {
    const { signal } = currentTask()
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })

describe.each(STORE_PATHS)('a soft limit over %s', (path) => {
  it('aborts the signal; what the handler throws then is its failure, with retries', async () => {
    const reasons: MachineryError[] = []
    const work = task(
      'work',
      async () => {
        await obedient().catch((error: MachineryError) => {
          reasons.push(error)
          throw error
        })
      },
      { softLimitMs: 200 },
    )
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work().with({ retryCount: 1 }))
    await expect(bench.settled(result.get())).rejects.toThrow(
      `task work (${result.uuid}) passed its soft limit of 200 ms`,
    )
    expect(reasons.map((error) => error.code)).toEqual(['ERR_TASK_TIMEOUT', 'ERR_TASK_TIMEOUT'])
  })

  it('leaves a handler alone that goes on, and its result counts', async () => {
    const { opened, open } = gate()
    const work = task(
      'work',
      async () => {
        await opened
        return currentTask().signal.aborted
      },
      { softLimitMs: 200 },
    )
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work())
    await bench.clock.advance(1_000)
    open()
    expect(await bench.settled(result.get())).toBe(true)
  })
})

describe.each(STORE_PATHS)('a hard limit over %s', (path) => {
  it('ends the task in FAILURE at once; the slot stays taken until the handler ends, and its answer is ignored', async () => {
    const { opened, open } = gate()
    const started: string[] = []
    const work = task('work', async (name: string) => {
      started.push(name)
      if (name === 'stubborn') await opened
      return name
    })
    const note = task('note', (error: string) => error)
    await using bench = await openBench({ path, tasks: [work, note] })
    const worker = await bench.startWorker({ concurrency: 1 })
    const onError = note()
    const stubborn = await bench.server.send(
      work('stubborn').with({ hardLimitMs: 300, retryCount: 4, onError: [onError] }),
    )
    const waiting = await bench.server.send(work('waiting'))
    const startedAt = bench.clock.now()
    await expect(bench.settled(stubborn.get())).rejects.toThrow('task work passed its hard limit of 300 ms')
    expect(bench.clock.now() - startedAt).toBe(300)
    await bench.clock.advance(10_000)
    expect(started).toEqual(['stubborn'])
    expect(worker.running).toBe(1)
    open()
    expect(await bench.settled(waiting.get())).toBe('waiting')
    await expect(stubborn.get()).rejects.toThrow('hard limit')
    expect(await bench.settled(bench.server.result(onError.uuid).get())).toContain('hard limit')
  })

  it('takes no notice of a handler that throws after it', async () => {
    const { opened, open } = gate()
    const ends: string[] = []
    const work = task(
      'work',
      async () => {
        await opened
        throw new Error('too late')
      },
      { hardLimitMs: 100 },
    )
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ hooks: { afterTask: (_task, end) => void ends.push(end) } })
    const result = await bench.server.send(work())
    await bench.clock.advance(100)
    open()
    await bench.clock.settle()
    await expect(result.get()).rejects.toThrow('hard limit of 100 ms')
    expect(ends).toEqual(['failure'])
  })

  it('of the message goes before that of the task, and a bad header costs nothing', async () => {
    const deadlines: (number | undefined)[] = []
    const work = task('work', () => void deadlines.push(currentTask().deadlineAt), { hardLimitMs: 100 })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ concurrency: 1 })
    await bench.server.send(work().with({ hardLimitMs: 7_000 }))
    await bench.publish({ name: 'work', headers: new Map([['mq-hard-ms', '"soon"']]) })
    await bench.publish({ name: 'work', headers: new Map([['mq-hard-ms', '5']]) })
    await bench.clock.settle()
    expect(deadlines.map((at) => (at ?? 0) - bench.clock.now())).toEqual([7_000, 100, 100])
  })

  it('leaves no timer behind when the handler is faster', async () => {
    const work = task('work', () => 1, { hardLimitMs: 60_000, softLimitMs: 30_000 })
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker()
    await bench.settled((await bench.server.send(work())).get())
    await bench.settled(worker.close())
    expect(bench.clock.pendingTimers).toBe(0)
  })
})
