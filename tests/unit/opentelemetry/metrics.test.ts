import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { sleep, type Clock } from '../../../src/core/clock.ts'
import { MachineryError } from '../../../src/core/errors.ts'
import { METRICS, openTelemetry, type MetricDefinition } from '../../../src/opentelemetry/index.ts'
import { memoryFaults } from '../../../src/testing/index.ts'
import { task } from '../../../src/task/task.ts'
import { signature } from '../../../src/task/untyped-signature.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { gate, openBench, type PortWrapper, QUEUE, STORE_PATHS } from '../../support/builders.ts'
import { waitFor } from '../../support/wait-for.ts'
import { openTracedBench, type Point, type TracedBench } from './traced-bench.ts'

const definitions: readonly MetricDefinition[] = Object.values(METRICS)

const of = (name: string, more: Readonly<Record<string, string>> = {}) => ({
  'machinery.task.name': name,
  'messaging.destination.name': QUEUE,
  ...more,
})
const count = (name: string, value: number, outcome?: string): Point => ({
  attributes: of(name, outcome === undefined ? {} : { 'machinery.outcome': outcome }),
  value,
})
const seconds = (name: string, sums: readonly number[], outcome?: string): Point => ({
  attributes: of(name, outcome === undefined ? {} : { 'machinery.outcome': outcome }),
  value: { count: sums.length, sum: sums.reduce((sum, one) => sum + one, 0) },
})

/** Sorted, and sums rounded to ms: what is asserted does not depend on floating point. */
async function pointsOf(traced: TracedBench, { name }: MetricDefinition): Promise<readonly Point[]> {
  const points = await traced.points(name)
  return points
    .map(({ attributes, value }) => ({
      attributes,
      value:
        typeof value === 'number'
          ? value
          : { count: value.count, sum: Math.round(value.sum * 1_000) / 1_000 },
    }))
    .toSorted((a, b) => JSON.stringify(a.attributes).localeCompare(JSON.stringify(b.attributes)))
}

/** Every task of the test, on a clock that the bench gives later. */
function tasksOn(clock: { of?: Clock }) {
  const failing = gate()
  let flakyRuns = 0
  return {
    failing,
    work: task('work', async () => sleep(clock.of as Clock, 500)),
    flaky: task('flaky', () => {
      flakyRuns += 1
      if (flakyRuns === 1) throw new Error('once')
    }),
    held: task('held', () => failing.opened),
    broken: task('broken', () => {
      throw new Error('always')
    }),
  }
}

describe.each(STORE_PATHS)('metrics, over %s', (path) => {
  it('count and time everything that happens, each once', async () => {
    const clock: { of?: Clock } = {}
    const { work, flaky, held, broken, failing } = tasksOn(clock)
    await using traced = await openTracedBench({ path, tasks: [work, flaky, held, broken] })
    const { bench } = traced
    clock.of = bench.clock
    await bench.server.send(work())
    await bench.server.send(work().with({ delayMs: 60_000 }))
    await bench.clock.advance(2_000)
    expect(await pointsOf(traced, METRICS.started)).toEqual([])
    const worker = await bench.startWorker({ name: 'w', concurrency: 4, unknownTask: 'deadLetter' })
    await bench.clock.advance(500)

    await bench.server.send(flaky().with({ retryCount: 1, retry: { kind: 'fixed', delayMs: 1_000 } }))
    await bench.clock.advance(10_000)
    const failed = await bench.server.send(broken())
    await bench.settled(failed.get().catch(() => undefined))
    await bench.server.send(signature('made-up', []))
    await bench.server.send(held())
    await bench.clock.settle()
    const faults = memoryFaults(bench.store)
    faults.loseLease(faults.held())
    await bench.clock.settle()

    expect(await pointsOf(traced, METRICS.slotsUsed)).toEqual([
      { attributes: { 'machinery.worker.name': 'w' }, value: 2 },
    ])
    expect(await pointsOf(traced, METRICS.slotsCapacity)).toEqual([
      { attributes: { 'machinery.worker.name': 'w' }, value: 4 },
    ])
    const depth = (state: string, value: number): Point => ({
      attributes: { 'messaging.destination.name': QUEUE, 'machinery.message.state': state },
      value,
    })
    expect(await pointsOf(traced, METRICS.queueDepth)).toEqual([
      depth('dead', 1),
      depth('delayed', 1),
      depth('in_flight', 1),
      depth('pending', 0),
    ])
    expect(await pointsOf(traced, METRICS.queueOldestAge)).toEqual([
      { attributes: { 'messaging.destination.name': QUEUE }, value: 0 },
    ])
    const loop = await waitFor(async () => {
      // Empty until the event loop was measured since the last look.
      const points = await traced.points(METRICS.eventLoopDelay.name)
      return points.length > 0 ? points : undefined
    })
    expect(loop.map(({ attributes }) => attributes['machinery.statistic'])).toEqual(['mean', 'p99', 'max'])
    for (const { value } of loop) expect(value).toBeGreaterThanOrEqual(0)

    failing.open()
    await bench.settled(worker.close())
    expect(await pointsOf(traced, METRICS.sent)).toEqual([
      count('broken', 1),
      count('flaky', 1),
      count('held', 1),
      count('made-up', 1),
      count('work', 2),
    ])
    expect(await pointsOf(traced, METRICS.started)).toEqual([
      count('broken', 1),
      count('flaky', 2),
      count('held', 2),
      count('work', 1),
    ])
    expect(await pointsOf(traced, METRICS.finished)).toEqual([
      count('broken', 1, 'failure'),
      count('flaky', 1, 'retry'),
      count('flaky', 1, 'success'),
      count('held', 2, 'success'),
      count('work', 1, 'success'),
    ])
    expect(await pointsOf(traced, METRICS.retried)).toEqual([count('flaky', 1)])
    expect(await pointsOf(traced, METRICS.redelivered)).toEqual([count('held', 1)])
    expect(await pointsOf(traced, METRICS.leasesLost)).toEqual([count('held', 1)])
    expect(await pointsOf(traced, METRICS.deadLettered)).toEqual([count('other', 1)])
    // A retry waits from its own time on; what was handed out before has no wait of its own.
    expect(await pointsOf(traced, METRICS.wait)).toEqual([
      seconds('broken', [0]),
      seconds('flaky', [0, 0]),
      seconds('held', [0]),
      seconds('work', [2]),
    ])
    expect((await pointsOf(traced, METRICS.run)).at(-1)).toEqual(seconds('work', [0.5], 'success'))
    expect((await pointsOf(traced, METRICS.ingestionToSuccess)).at(-1)).toEqual(seconds('work', [2.5]))
    // Nothing is said any more of a worker that has closed.
    const lasting = definitions.filter(({ kind }) => kind !== 'gauge').map(({ name }) => name)
    expect([...(await traced.metrics()).keys()].toSorted()).toEqual(lasting.toSorted())
  })

  it('count what a workflow hands on, a chord callback included', async () => {
    const one = task('one', () => 1)
    const two = task('two', (value: number) => value)
    const sum = task('sum', (...values: number[]) => values.length)
    await using traced = await openTracedBench({ path, tasks: [one, two, sum] })
    const { bench } = traced
    await bench.startWorker()
    const result = await bench.server.send(chord([chain(one(), two()), one()], sum()))
    expect(await bench.settled(result.get())).toBe(2)
    await bench.clock.settle()
    expect(await pointsOf(traced, METRICS.sent)).toEqual([count('one', 2), count('sum', 1), count('two', 1)])
  })
})

describe('the outcome of a run', () => {
  it('is a failure where it failed because a task that it waited for was cancelled', async () => {
    const never = task('never', () => {})
    const waiting = task('waiting', async (uuid: string) => {
      await bench.server.result(uuid).get()
    })
    await using traced = await openTracedBench({ tasks: [never, waiting] })
    const { bench } = traced
    const other = await bench.server.send(never().with({ routingKey: 'elsewhere' }))
    await other.cancel()
    await bench.startWorker()
    await bench.server.send(waiting(other.uuid))
    await bench.clock.settle()
    expect(await pointsOf(traced, METRICS.finished)).toEqual([count('waiting', 1, 'failure')])
    expect(traced.spans('process')[0]?.status.code).toBe(SpanStatusCode.ERROR)
  })

  it('is a timeout where its handler ended with an error of its own after its limit', async () => {
    const late = task(
      'late',
      async () => {
        const { signal } = currentTask()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        throw new DOMException('This operation was aborted', 'AbortError')
      },
      { softLimitMs: 100 },
    )
    await using traced = await openTracedBench({ tasks: [late] })
    const { bench } = traced
    await bench.startWorker()
    await bench.server.send(late())
    await bench.clock.advance(200)
    expect(await pointsOf(traced, METRICS.finished)).toEqual([count('late', 1, 'timeout')])
  })
})

describe('what follows from a task', () => {
  it('does not count as sent where the store was closed before it was stored', async () => {
    const one = task('one', () => 1)
    const two = task('two', (value: number) => value)
    const closed = new MachineryError('ERR_CLOSED', 'closed (fault of a test)')
    const wrap: PortWrapper = {
      broker: (broker) => broker,
      backend: (backend) => ({
        ...backend,
        tasks: { ...backend.tasks, commit: () => Promise.reject(closed) },
      }),
    }
    await using traced = await openTracedBench({ path: 'two ports', tasks: [one, two], wrap })
    const { bench } = traced
    await bench.startWorker()
    await bench.server.send(chain(one(), two()))
    await bench.clock.settle()
    expect(await pointsOf(traced, METRICS.sent)).toEqual([count('one', 1)])
    expect(traced.spans('hand_off').map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR])
  })
})

describe('names in metrics', () => {
  it('beyond the limit are other, and so is a name that no worker here knows', async () => {
    const tasks = ['a', 'b', 'c', 'd'].map((name) => task(name, () => {}))
    await using traced = await openTracedBench({ tasks }, { maxNames: 2 })
    const { bench } = traced
    await bench.startWorker({ unknownTask: 'drop' })
    for (const one of tasks) await bench.server.send(one())
    for (const name of ['x', 'y']) await bench.publish({ uuid: `task_${name}`, name })
    await bench.clock.settle()
    expect(await pointsOf(traced, METRICS.sent)).toEqual([count('a', 1), count('b', 1), count('other', 2)])
    expect(await pointsOf(traced, METRICS.finished)).toEqual([
      count('a', 1, 'success'),
      count('b', 1, 'success'),
      count('other', 2, 'success'),
    ])
  })
})

describe('queues that cannot be looked at', () => {
  it('leave a gap, and the other metrics come', async () => {
    const add = task('add', () => {})
    await using traced = await openTracedBench({
      tasks: [add],
      wrap: {
        backend: (backend) => backend,
        broker: (broker) => {
          const { inspector } = broker
          if (inspector === undefined) throw new Error('memory has an inspector')
          const stats = async (): Promise<never> => Promise.reject(new Error('away'))
          return { ...broker, inspector: { ...inspector, stats } }
        },
      },
    })
    await traced.bench.startWorker({ name: 'w' })
    expect(await pointsOf(traced, METRICS.queueDepth)).toEqual([])
    expect(await pointsOf(traced, METRICS.slotsUsed)).toHaveLength(1)
  })
})

describe('openTelemetry', () => {
  it.each([
    [{ runs: 'child' }, "runs is child; 'link' or 'parent' is right"],
    [{ maxNames: 0 }, 'maxNames is 0; a whole number above 0 is right'],
    [{ meter: 1 }, 'openTelemetry knows no option meter; it knows tracerProvider,'],
  ])('refuses %j', async (options, text) => {
    await expect(openTelemetry(options as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining(text) as string,
    })
  })

  it('disturbs nothing without an SDK', async () => {
    const add = task('add', (a: number) => a)
    await using bench = await openBench({ tasks: [add], server: { telemetry: await openTelemetry() } })
    const result = await bench.server.send(add(1))
    expect((await bench.server.getPendingTasks())[0]?.headers).toEqual(new Map())
    await bench.startWorker()
    expect(await bench.settled(result.get())).toBe(1)
  })
})

describe('definitions of metrics', () => {
  it('have names of their own, and every duration is in seconds', () => {
    expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length)
    const durations = definitions.filter(({ name }) => /\.(duration|delay|oldest_age)$/.test(name))
    expect(new Set(durations.map(({ unit }) => unit))).toEqual(new Set(['s']))
    expect(durations).toHaveLength(5)
  })
})
