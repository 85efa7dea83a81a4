import { describe, expect, it } from 'vitest'
import { retryIn } from '../../../src/core/outcome.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { openBench, STORE_PATHS } from '../../support/builders.ts'

const echo = task('echo', (value: number) => value)
const fail = task('fail', (text: string) => {
  throw new Error(text)
})

describe.each(STORE_PATHS)('the hooks of a worker over %s', (path) => {
  it('are called in order around a task that succeeds, and the hook before it is in its context', async () => {
    const calls: string[] = []
    const work = task('work', () => void calls.push('handler'))
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({
      hooks: {
        beforeTask: (current) => void calls.push(`before ${current === currentTask() ? 'it' : ''}`),
        afterTask: (current, end) => void calls.push(`after ${current.name} ${end}`),
        taskError: () => void calls.push('error'),
        taskRetry: () => void calls.push('retry'),
      },
    })
    await bench.settled((await bench.server.send(work())).get())
    expect(calls).toEqual(['before it', 'handler', 'after work success'])
  })

  it('are told of a retry and of the end', async () => {
    const calls: unknown[] = []
    await using bench = await openBench({ path, tasks: [fail] })
    await bench.startWorker({
      hooks: {
        afterTask: (_current, end) => void calls.push(end),
        taskError: (error, { attempt }) => void calls.push(['error', (error as Error).message, attempt]),
        taskRetry: (error, { attempt }, delayMs) =>
          void calls.push(['retry', (error as Error).message, attempt, delayMs]),
      },
    })
    await bench.server.send(fail('broken').with({ retryCount: 1 }))
    await bench.clock.advance(1_000)
    expect(calls).toEqual([['retry', 'broken', 1, 1_000], 'retry', ['error', 'broken', 2], 'failure'])
    // Whoever handles errors wants no line for each besides.
    expect(bench.logs.filter((line) => line.level === 'error')).toEqual([])
  })

  it('see retryIn as a retry', async () => {
    const waits: number[] = []
    let isReady = false
    const work = task('work', () => {
      if (!isReady) throw retryIn(200)
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ hooks: { taskRetry: (_error, _task, delayMs) => void waits.push(delayMs) } })
    const result = await bench.server.send(work())
    await bench.clock.advance(400)
    isReady = true
    await bench.settled(result.get())
    expect(waits).toEqual([200, 200, 200])
  })

  it('fail the task when beforeTask throws, as the handler would', async () => {
    let runs = 0
    const work = task('work', () => ++runs)
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({
      hooks: { beforeTask: () => Promise.reject(new Error('not today')) },
    })
    const result = await bench.server.send(work().with({ retryCount: 1 }))
    await expect(bench.settled(result.get())).rejects.toThrow('not today')
    expect(runs).toBe(0)
  })

  it('that throw, at once or later, are logged and change nothing', async () => {
    await using bench = await openBench({ path, tasks: [echo, fail] })
    await bench.startWorker({
      hooks: {
        afterTask: () => {
          throw new Error('after')
        },
        taskError: () => Promise.reject(new Error('later')),
        taskRetry: () => {
          throw new Error('retry')
        },
      },
    })
    const good = await bench.server.send(echo(1))
    const bad = await bench.server.send(fail('broken').with({ retryCount: 1 }))
    expect(await bench.settled(good.get())).toBe(1)
    await expect(bench.settled(bad.get())).rejects.toThrow('broken')
    const hooks = bench.logs
      .filter((line) => line.message === 'a hook threw')
      .map((line) => line.fields['hook'])
    const count = (name: string): number => hooks.filter((hook) => hook === name).length
    expect([count('afterTask'), count('taskError'), count('taskRetry')]).toEqual([3, 1, 1])
  })
})

describe('beforeConsume', () => {
  it('is asked before each claim, and a refusal is asked again within a second', async () => {
    let isOpen = false
    const asked: string[] = []
    await using bench = await openBench({ tasks: [echo] })
    await bench.startWorker({
      hooks: {
        beforeConsume: (queue) => {
          asked.push(queue)
          return isOpen
        },
      },
    })
    const result = await bench.server.send(echo(1))
    await bench.clock.advance(2_000)
    expect(await result.state()).toMatchObject({ state: 'PENDING' })
    expect(asked.length).toBeGreaterThan(1)
    isOpen = true
    await bench.clock.advance(1_000)
    expect(await result.state()).toMatchObject({ state: 'SUCCESS' })
  })

  it('closes some of several queues', async () => {
    await using bench = await openBench({ tasks: [echo] })
    await bench.startWorker({ queues: ['a', 'b'], hooks: { beforeConsume: (queue) => queue === 'b' } })
    const closed = await bench.server.send(echo(1).with({ routingKey: 'a' }))
    const open = await bench.server.send(echo(2).with({ routingKey: 'b' }))
    expect(await bench.settled(open.get())).toBe(2)
    expect(await closed.state()).toMatchObject({ state: 'PENDING' })
  })

  it('that throws counts as a refusal, and the worker is told of it', async () => {
    const troubles: unknown[] = []
    let isBroken = true
    await using bench = await openBench({ tasks: [echo] })
    await bench.startWorker({
      hooks: {
        beforeConsume: () => {
          if (isBroken) throw new Error('cannot tell')
          return true
        },
        workerError: (error) => void troubles.push((error as Error).message),
      },
    })
    const result = await bench.server.send(echo(1))
    await bench.clock.advance(600)
    expect(troubles).toContain('cannot tell')
    isBroken = false
    expect(await bench.settled(result.get())).toBe(1)
  })

  it('that never answers does not keep the worker from closing', async () => {
    await using bench = await openBench({ tasks: [echo] })
    const worker = await bench.startWorker({ hooks: { beforeConsume: () => new Promise(() => {}) } })
    await bench.settled(worker.close())
    expect(bench.clock.pendingTimers).toBe(0)
  })
})

describe.each(STORE_PATHS)('middleware over %s', (path) => {
  it('wraps the handler, the first one outermost, in the context of the task', async () => {
    const calls: string[] = []
    const work = task('work', (value: number) => {
      calls.push('handler')
      return value
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({
      hooks: { beforeTask: () => void calls.push('beforeTask') },
      middleware: [
        async (current, next) => {
          calls.push(`outer ${current.name} ${currentTask().uuid === current.uuid}`)
          const value = await next()
          calls.push('outer end')
          return (value as number) + 1
        },
        async (_current, next) => {
          calls.push('inner')
          return ((await next()) as number) * 10
        },
      ],
    })
    expect(await bench.settled((await bench.server.send(work(4))).get())).toBe(41)
    expect(calls).toEqual(['beforeTask', 'outer work true', 'inner', 'handler', 'outer end'])
  })

  it('may answer in place of the handler, or swallow its error', async () => {
    await using bench = await openBench({ path, tasks: [echo, fail] })
    await bench.startWorker({
      middleware: [
        async (current, next) => (current.name === 'echo' ? 'cached' : next().catch(() => 'saved')),
      ],
    })
    const cached = await bench.server.send(echo(1))
    const saved = await bench.server.send(fail('broken'))
    expect(await bench.settled(cached.get())).toBe('cached')
    expect(await bench.settled(saved.get())).toBe('saved')
  })

  it('that throws fails the task, with its retries', async () => {
    let tries = 0
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.startWorker({
      middleware: [
        (_current, next) => {
          tries += 1
          if (tries < 3) throw new Error('no')
          return next()
        },
      ],
    })
    const result = await bench.server.send(echo(1).with({ retryCount: 2 }))
    expect(await bench.settled(result.get())).toBe(1)
    expect(tries).toBe(3)
  })
})
