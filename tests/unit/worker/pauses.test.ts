import { describe, expect, it } from 'vitest'
import { fakeClock } from '../../../src/testing/index.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { Pauses } from '../../../src/worker/pauses.ts'
import { type Bench, gate, openBench, QUEUE, STORE_PATHS } from '../../support/builders.ts'

/** Workers obey within a second, and go on within two. */
const OBEYED_MS = 1_000
const RESUMED_MS = 2_000

function counting(name = 'count') {
  const runs: { readonly uuid: string; readonly attempt: number }[] = []
  const count = task(name, () => {
    const { uuid, attempt } = currentTask()
    runs.push({ uuid, attempt })
  })
  return { count, runs }
}

const claimsOf = (bench: Bench): Promise<unknown> => bench.server.queueStats()

describe.each(STORE_PATHS)('a paused queue over %s', (path) => {
  it('is not claimed from, by any worker, until it is resumed', async () => {
    const { count, runs } = counting()
    await using bench = await openBench({ path, tasks: [count] })
    const other = await bench.newProcess([count])
    await bench.startWorker()
    await other.startWorker({ queues: [QUEUE, 'side'] })
    await bench.server.queues.pause(QUEUE)
    await bench.clock.advance(OBEYED_MS)
    await bench.server.sendMany([count(), count()])
    await bench.server.send(count().with({ routingKey: 'side' }))
    await bench.clock.advance(30_000)
    expect(runs).toHaveLength(1)
    expect(await claimsOf(bench)).toMatchObject({ pending: 2, inFlight: 0 })
    expect(await bench.server.queues.isPaused(QUEUE)).toBe(true)
    expect(await bench.server.queues.list()).toMatchObject([
      { queue: QUEUE, pending: 2, isPaused: true },
      { queue: 'side', pending: 0, isPaused: false },
    ])
    expect((await bench.server.workers.list()).map(({ pausedQueues }) => pausedQueues)).toEqual([
      [QUEUE],
      [QUEUE],
    ])
    await bench.server.queues.resume(QUEUE)
    await bench.clock.advance(RESUMED_MS)
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1])
    expect(await bench.server.queues.isPaused(QUEUE)).toBe(false)
  })

  it('lets end what runs', async () => {
    const { opened, open } = gate()
    const work = task('work', () => opened)
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work())
    await bench.clock.settle()
    await bench.server.queues.pause(QUEUE)
    await bench.clock.advance(OBEYED_MS)
    open()
    await bench.clock.settle()
    expect(await result.state()).toMatchObject({ state: 'SUCCESS' })
  })

  it('gets back what was claimed ahead and did not begin', async () => {
    const { opened, open } = gate()
    let runs = 0
    const quick = task('quick', () => {
      runs += 1
      return runs > 20 ? opened : undefined
    })
    await using bench = await openBench({ path, tasks: [quick] })
    await bench.startWorker({ concurrency: 1 })
    await bench.server.sendMany(Array.from({ length: 60 }, () => quick()))
    await bench.clock.settle()
    expect(runs).toBe(21)
    await bench.server.queues.pause(QUEUE)
    await bench.clock.advance(OBEYED_MS)
    expect(await claimsOf(bench)).toMatchObject({ pending: 39, inFlight: 1 })
    open()
    await bench.clock.advance(5_000)
    expect(runs).toBe(21)
    await bench.server.queues.resume(QUEUE)
    await bench.clock.advance(RESUMED_MS)
    expect(runs).toBe(60)
  })

  it('stays paused for a worker that starts later', async () => {
    const { count, runs } = counting()
    await using bench = await openBench({ path, tasks: [count] })
    await bench.server.queues.pause(QUEUE)
    await bench.server.send(count())
    const worker = await bench.startWorker()
    await bench.clock.advance(5_000)
    await bench.settled(worker.close())
    await bench.startWorker()
    await bench.clock.advance(5_000)
    expect(runs).toEqual([])
    expect(bench.logs.filter(({ level }) => level === 'warn')).toEqual([])
    await bench.server.queues.resume(QUEUE)
    await bench.clock.advance(RESUMED_MS)
    expect(runs).toHaveLength(1)
  })
})

describe.each(STORE_PATHS)('a paused task over %s', (path) => {
  it('does not run, uses no attempt, and leaves the other tasks alone', async () => {
    const { count, runs } = counting()
    const { count: spared, runs: others } = counting('spared')
    await using bench = await openBench({ path, tasks: [count, spared] })
    await bench.server.tasks.pause('count')
    await bench.startWorker({ maxDeliveries: 2 })
    const sent = await bench.server.sendMany(Array.from({ length: 5 }, () => count()))
    await bench.server.send(spared())
    await bench.clock.advance(60_000)
    expect([runs.length, others.length]).toEqual([0, 1])
    expect(await sent[0]?.state()).toMatchObject({ state: 'PENDING' })
    expect(await bench.server.tasks.paused()).toEqual(['count'])
    expect(await bench.server.workers.list()).toMatchObject([{ pausedTasks: ['count'] }])
    await bench.server.tasks.resume('count')
    await bench.clock.advance(RESUMED_MS)
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1])
    expect(await bench.server.tasks.isPaused('count')).toBe(false)
    expect(await bench.dead()).toEqual([])
  })

  it('stays paused for a worker that does not know it, without a count', async () => {
    const { count, runs } = counting()
    await using bench = await openBench({ path })
    await bench.server.tasks.pause('count')
    const stranger = await bench.startWorker({ unknownTask: 'deadLetter' })
    await bench.server.send(count())
    await bench.clock.advance(10_000)
    expect(await bench.dead()).toEqual([])
    await bench.settled(stranger.close())
    bench.server.register(count)
    await bench.startWorker()
    await bench.server.tasks.resume('count')
    await bench.clock.advance(RESUMED_MS)
    expect(runs).toMatchObject([{ attempt: 1 }])
  })

  it('ends as cancelled when it is cancelled meanwhile', async () => {
    const { count, runs } = counting()
    await using bench = await openBench({ path, tasks: [count] })
    await bench.server.tasks.pause('count')
    await bench.startWorker()
    const result = await bench.server.send(count())
    await bench.clock.advance(3_000)
    expect(await result.cancel()).toBe(true)
    await bench.clock.advance(RESUMED_MS)
    expect(runs).toEqual([])
    expect(await claimsOf(bench)).toMatchObject({ pending: 0, delayed: 0, inFlight: 0 })
  })

  it('goes on with its retries where it was', async () => {
    let runs = 0
    const flaky = task('flaky', () => {
      runs += 1
      if (currentTask().attempt < 3) throw new Error('no luck')
      return currentTask().attempt
    })
    await using bench = await openBench({ path, tasks: [flaky] })
    await bench.startWorker()
    const result = await bench.server.send(flaky().with({ retryCount: 2 }))
    await bench.clock.settle()
    await bench.server.tasks.pause('flaky')
    await bench.clock.advance(60_000)
    expect(runs).toBe(1)
    await bench.server.tasks.resume('flaky')
    expect(await bench.settled(result.get())).toBe(3)
  })

  it('with a long backlog costs a bounded number of deliveries, and is whole again within a minute', async () => {
    const { count, runs } = counting()
    let releases = 0
    await using bench = await openBench({
      path: 'two ports',
      tasks: [count],
      wrap: {
        backend: (backend) => backend,
        broker: (broker) => ({
          ...broker,
          consume: async (queue, options) => {
            const consumer = await broker.consume(queue, options)
            return {
              claim: (want, signal) => consumer.claim(want, signal),
              resize: (most) => consumer.resize(most),
              close: () => consumer.close(),
              settle: (batch) => {
                releases += batch.filter(({ kind }) => kind === 'release').length
                return consumer.settle(batch)
              },
            }
          },
        }),
      },
    })
    await bench.server.tasks.pause('count')
    await bench.server.sendMany(Array.from({ length: 2_000 }, () => count()))
    await bench.startWorker({ concurrency: 50 })
    await bench.clock.advance(20_000)
    expect(releases).toBeGreaterThan(2_000)
    expect(releases).toBeLessThan(2_000 + 20 * 600)
    await bench.server.tasks.resume('count')
    await bench.clock.advance(RESUMED_MS)
    expect(runs.length).toBeGreaterThan(0)
    await bench.clock.advance(10_000)
    expect(runs).toHaveLength(2_000)
  })
})

describe('pausing', () => {
  it('needs a name', async () => {
    await using bench = await openBench()
    for (const name of ['', undefined as unknown as string]) {
      await expect(bench.server.queues.pause(name)).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: `queue is "${name}"; the name of a queue is right`,
      })
      await expect(bench.server.tasks.resume(name)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
    }
  })

  it('twice is the same as once, and so is resuming', async () => {
    await using bench = await openBench()
    const { queues } = bench.server
    await queues.pause('q')
    await queues.pause('q')
    await queues.resume('q')
    await queues.resume('q')
    expect(await queues.isPaused('q')).toBe(false)
  })

  it('spreads what comes back, up to a minute', () => {
    const pauses = new Pauses(fakeClock())
    const delays = Array.from({ length: 40_000 }, () => pauses.nextDelayMs())
    expect([delays[0], delays[1], delays[2]]).toEqual([800, 802, 804])
    expect(Math.max(...delays)).toBe(60_000)
  })
})
