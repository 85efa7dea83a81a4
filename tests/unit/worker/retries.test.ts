import { describe, expect, it } from 'vitest'
import { retryIn } from '../../../src/core/outcome.ts'
import type { RetryPolicy } from '../../../src/core/retry-policy.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { openBench, STORE_PATHS } from '../../support/builders.ts'

const failing = task('failing', () => {
  throw new Error('no luck')
})

describe.each(STORE_PATHS)('retries over %s', (path) => {
  it('follow the Fibonacci numbers, and say so on the wire', async () => {
    await using bench = await openBench({ path, tasks: [failing] })
    await bench.startWorker()
    const startedAt = bench.clock.now()
    const result = await bench.server.send(failing().with({ retryCount: 5, headers: { who: 'me' } }))
    const seen: unknown[] = []
    for (let attempt = 0; attempt < 5; attempt++) {
      await bench.clock.settle()
      const [delayed] = await bench.server.getDelayedTasks()
      const { retryCount, attemptCount, retryTimeoutSeconds, uuid, headers } = delayed?.message ?? {}
      seen.push([retryCount, attemptCount, retryTimeoutSeconds])
      expect([uuid, headers?.get('who')]).toEqual([result.uuid, '"me"'])
      expect(await bench.state(result.uuid)).toMatchObject({
        state: 'RETRY',
        error: 'no luck',
        taskName: 'failing',
        retryAt: delayed?.dueAt,
      })
      await bench.clock.advance((delayed?.dueAt ?? 0) - bench.clock.now())
    }
    expect(seen).toEqual([
      [4, 1, 1],
      [3, 2, 2],
      [2, 3, 3],
      [1, 4, 5],
      [0, 5, 8],
    ])
    expect(bench.clock.now() - startedAt).toBe(19_000)
    await expect(result.get()).rejects.toMatchObject({ code: 'ERR_TASK_FAILED', message: 'no luck' })
    expect(await bench.dead()).toEqual([])
  })

  it.each<[string, RetryPolicy, readonly number[]]>([
    ['fixed', { kind: 'fixed', delayMs: 700 }, [700, 700, 700]],
    ['exponential', { kind: 'exponential', baseMs: 100, maxMs: 300, jitter: 'none' }, [100, 200, 300]],
    ['a function', { kind: 'function', delayMs: (attempt) => attempt * 11 }, [11, 22, 33]],
  ])('wait as %s says', async (_name, retry, waits) => {
    const startedAt: number[] = []
    const work = task(
      'work',
      () => {
        startedAt.push(bench.clock.now())
        throw new Error('no luck')
      },
      { retry, retryCount: 3 },
    )
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work())
    await expect(bench.settled(result.get())).rejects.toThrow('no luck')
    expect(startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0))).toEqual(waits)
  })

  it('take the policy of the message before that of the task, and a bad header costs nothing', async () => {
    await using bench = await openBench({ path, tasks: [failing] })
    await bench.startWorker()
    await bench.server.send(failing().with({ retryCount: 1, retry: { kind: 'fixed', delayMs: 5_000 } }))
    await bench.clock.settle()
    const [delayed] = await bench.server.getDelayedTasks()
    expect(delayed?.dueAt).toBe(bench.clock.now() + 5_000)
    await bench.publish({
      uuid: 'odd',
      name: 'failing',
      retryCount: 1,
      headers: new Map([['mq-retry', '"x"']]),
    })
    await bench.clock.settle()
    expect((await bench.server.getDelayedTasks()).map(({ dueAt }) => dueAt - bench.clock.now())).toEqual([
      1_000, 5_000,
    ])
    await bench.clock.advance(5_000)
  })

  it('end in FAILURE when the policy of the program throws or answers nonsense', async () => {
    const work = task(
      'work',
      () => {
        throw new Error('no luck')
      },
      { retry: { kind: 'function', delayMs: () => Number.NaN }, retryCount: 3 },
    )
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work())
    await expect(bench.settled(result.get())).rejects.toThrow('retry.delayMs() is NaN')
  })

  it.each([
    ['bare', (ms: number) => retryIn(ms, 'not yet')],
    [
      'as the cause of an error',
      (ms: number) => new Error('wrapped', { cause: new Error('more', { cause: retryIn(ms, 'not yet') }) }),
    ],
  ])('asked for by retryIn, %s, leave RetryCount alone', async (_name, thrown) => {
    const attempts: number[] = []
    const work = task('work', () => {
      attempts.push(currentTask().attempt)
      if (attempts.length < 4) throw thrown(1_500)
      return 'done'
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work().with({ retryCount: 7 }))
    await bench.clock.settle()
    const [delayed] = await bench.server.getDelayedTasks()
    expect(delayed?.message).toMatchObject({ retryCount: 7, attemptCount: 1, retryTimeoutSeconds: 0 })
    expect(delayed?.dueAt).toBe(bench.clock.now() + 1_500)
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'RETRY', error: 'not yet' })
    expect(await bench.settled(result.get())).toBe('done')
    expect(attempts).toEqual([1, 2, 3, 4])
    expect(bench.logs.filter((line) => line.level === 'warn' || line.level === 'error')).toEqual([])
  })

  it('stay in the queue in which the task was delivered', async () => {
    await using bench = await openBench({ path, tasks: [failing] })
    await bench.startWorker({ queues: 'other' })
    await bench.publish({ uuid: 'moved', name: 'failing', retryCount: 1, routingKey: 'elsewhere' }, 'other')
    await bench.clock.settle()
    expect(await bench.server.getDelayedTasks()).toMatchObject([
      { queue: 'other', message: { routingKey: 'other' } },
    ])
    await bench.clock.advance(1_000)
    expect(await bench.state('moved')).toMatchObject({ state: 'FAILURE' })
  })

  it('end in FAILURE when the next attempt has no form on the wire', async () => {
    await using bench = await openBench({ path, tasks: [failing] })
    await bench.startWorker()
    await bench.publish({
      uuid: 'last',
      name: 'failing',
      retryCount: 1,
      attemptCount: Number.MAX_SAFE_INTEGER,
    })
    await bench.clock.settle()
    expect(await bench.state('last')).toMatchObject({ state: 'FAILURE' })
    expect((await bench.state('last'))?.error).toContain('safe integer')
  })

  it('of a task without a state happen all the same', async () => {
    let runs = 0
    const work = task('work', () => {
      runs += 1
      throw new Error('no luck')
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work().with({ retryCount: 2, noResult: true }))
    await bench.clock.advance(3_000)
    expect(runs).toBe(3)
    expect(await bench.state(result.uuid)).toBeUndefined()
  })
})
