import { describe, expect, it } from 'vitest'
import { createServer } from '../../../src/app/create-server.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { ControlWrite } from '../../../src/core/ports/control-store.ts'
import type { TaskProgress } from '../../../src/server/progress.ts'
import type { Runtime } from '../../../src/server/runtime.ts'
import { task } from '../../../src/task/task.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { ProgressReports } from '../../../src/worker/progress-reports.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { type Bench, gate, openBench } from '../../support/builders.ts'

/** A task that reports what the test gives it, until the test ends it. */
function reporting() {
  const { opened, open } = gate()
  let tell: (value: TaskProgress) => void = () => {}
  const work = task('work', async () => {
    const run = currentTask()
    tell = (value) => run.progress(value)
    await opened
  })
  return { work, tell: (value: TaskProgress) => tell(value), open }
}

/** A bench that records what is written as progress. */
async function recording(work: ReturnType<typeof reporting>['work']) {
  const writes: ControlWrite[][] = []
  const backend = ({ control, ...rest }: Backend): Backend => ({
    ...rest,
    ...(control && {
      control: {
        ...control,
        put: async (area, batch) => {
          await control.put(area, batch)
          if (area === 'progress') writes.push([...batch])
        },
      },
    }),
  })
  const bench = await openBench({ tasks: [work], wrap: { broker: (broker) => broker, backend } })
  return { bench, writes }
}

const refusal = async (bench: Bench, value: unknown): Promise<unknown> => {
  let thrown: unknown
  const one = task('one', () => {
    try {
      currentTask().progress(value as TaskProgress)
    } catch (error) {
      thrown = error
    }
  })
  bench.server.register(one)
  await bench.startWorker()
  await bench.server.send(one())
  await bench.clock.settle()
  return thrown
}

describe('the progress of a task', () => {
  it('is what its handler told last, for every process', async () => {
    const { work, tell, open } = reporting()
    await using bench = await openBench({ tasks: [work] })
    await bench.startWorker()
    const other = await bench.newProcess([])
    const result = await bench.server.send(work())
    await bench.clock.advance(1)
    expect(await result.progress()).toBeUndefined()
    tell(0.25)
    await bench.clock.advance(1)
    expect(await result.progress()).toBe(0.25)
    tell({ rows: 10, of: 40 })
    await bench.clock.advance(1_000)
    expect(await other.server.result(result.uuid).progress()).toEqual({ rows: 10, of: 40 })
    open()
    await bench.clock.settle()
    expect(await result.progress()).toEqual({ rows: 10, of: 40 })
    await bench.clock.advance(3_600_001)
    expect(await result.progress(), 'it runs out as a result does').toBeUndefined()
  })

  it('is written at once, and then at most once a second, the newest value', async () => {
    const { work, tell, open } = reporting()
    const { bench, writes } = await recording(work)
    await using _ = bench
    await bench.startWorker()
    const { uuid } = await bench.server.send(work())
    await bench.clock.advance(1)
    for (let step = 0; step < 50; step++) {
      tell(step / 100)
      await bench.clock.advance(50)
    }
    expect(writes.length).toBeLessThanOrEqual(3)
    expect(writes[0]).toEqual([{ key: uuid, value: '0', expiresInMs: 3_600_000 }])
    await bench.clock.advance(1_000)
    expect(writes.at(-1)).toMatchObject([{ value: '0.49' }])
    await bench.clock.advance(10_000)
    expect(writes.length).toBeLessThanOrEqual(4)
    open()
  })

  it('is written by a worker that closes', async () => {
    const { work, tell, open } = reporting()
    await using bench = await openBench({ tasks: [work] })
    const worker = await bench.startWorker()
    const result = await bench.server.send(work())
    await bench.clock.advance(1)
    tell(0.1)
    await bench.clock.advance(1)
    tell(1)
    open()
    await bench.clock.settle()
    await worker.close()
    expect(await result.progress()).toBe(1)
  })

  it('that cannot be stored is no error, and is stored later', async () => {
    const { work, tell, open } = reporting()
    await using bench = await openBench({ tasks: [work] })
    await bench.startWorker({ heartbeatMs: 0 })
    const result = await bench.server.send(work())
    await bench.clock.advance(1)
    bench.backendFaults.down = true
    tell(0.5)
    await bench.clock.advance(5_000)
    bench.backendFaults.down = false
    await bench.clock.advance(2_000)
    expect(await result.progress()).toBe(0.5)
    open()
  })

  it('that waits for a store which is away gives way to newer ones, of 1,000 tasks at most', async () => {
    const clock = fakeClock()
    const written: string[] = []
    const away = gate()
    let isAway = true
    const put = async (_area: string, batch: readonly ControlWrite[]): Promise<void> => {
      await away.opened
      if (isAway) throw new Error('away (fault of a test)')
      written.push(...batch.map(({ key }) => key))
    }
    const control = { put, get: async () => [], list: async () => [], remove: async () => {} }
    const reports = new ProgressReports({
      clock,
      control,
      logger: silentLogger,
      resultsExpireInMs: 1_000,
    } as unknown as Runtime)
    for (let n = 0; n < 900; n++) reports.report(`old ${n}`, 0.5)
    await clock.advance(1)
    for (let n = 0; n < 900; n++) reports.report(`new ${n}`, 0.5)
    away.open()
    await clock.settle()
    await clock.advance(1_100)
    isAway = false
    await clock.advance(1_100)
    expect(written).toHaveLength(1_000)
    expect(written.filter((key) => key.startsWith('new'))).toHaveLength(900)
    expect(written.filter((key) => key.startsWith('old'))[0]).toBe('old 800')
    await reports.stop()
  })

  it('of a workflow is that of the last of its tasks that told any', async () => {
    const first = task('first', () => currentTask().progress(0.1))
    const { work, tell, open } = reporting()
    await using bench = await openBench({ tasks: [first, work] })
    await bench.startWorker()
    const result = await bench.server.send(chain(first(), work()))
    await bench.clock.advance(10)
    expect(await result.progress()).toBe(0.1)
    tell(0.7)
    await bench.clock.advance(1_000)
    expect(await result.progress()).toBe(0.7)
    open()
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  it.each([
    [-0.1, '-0.1'],
    [1.1, '1.1'],
    [Number.NaN, 'NaN'],
    ['half', 'a string'],
    [null, 'null'],
    [[1], 'an array'],
    [{ big: 1n }, 'no JSON: '],
    [cyclic, 'no JSON: '],
    [{ toJSON: () => undefined }, 'no JSON;'],
    [{ text: 'x'.repeat(4_096) }, 'an object of 4107 bytes'],
  ])('may not be %s', async (value, text) => {
    await using bench = await openBench()
    const thrown = await refusal(bench, value)
    expect(thrown).toMatchObject({ code: 'ERR_OPTION_INVALID' })
    expect(String(thrown)).toContain(`progress is ${text}`)
  })

  it('needs a result backend with a place for it', async () => {
    await using without = await openBench({ withBackend: false })
    expect(await refusal(without, 0.5)).toMatchObject({ code: 'ERR_BACKEND_REQUIRED' })
    await using poor = await openBench({
      wrap: { broker: (broker) => broker, backend: ({ control: _control, ...backend }) => backend },
    })
    expect(await refusal(poor, 0.5)).toMatchObject({ code: 'ERR_UNSUPPORTED' })
    await expect(poor.server.result('task_1').progress()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})

describe('the logger of a run', () => {
  it('is made when it is asked for, once, and not for handlers that do not log', async () => {
    const children: unknown[] = []
    const logs = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: () => {},
      child: (bindings: object) => {
        if ('uuid' in bindings) children.push(bindings)
        return logs
      },
    }
    const silent = task('silent', () => {})
    const talking = task('talking', () => {
      currentTask().logger.info({}, 'one')
      currentTask().logger.info({}, 'two')
    })
    await using server = await createServer({ broker: 'eager', tasks: [silent, talking], logger: logs })
    await server.send(silent())
    expect(children).toEqual([])
    const { uuid } = await server.send(talking())
    expect(children).toEqual([{ uuid, task: 'talking', queue: 'machinery_tasks', attempt: 1 }])
  })
})
