import { describe, expect, it } from 'vitest'
import { task } from '../../../src/task/task.ts'
import { LookAhead } from '../../../src/worker/look-ahead.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'

describe('look-ahead', () => {
  it('is none before a run was seen, all for short runs, none for long ones, and between them falls', () => {
    const ahead = new LookAhead()
    expect(ahead.size).toBe(0)
    ahead.observe(1)
    expect(ahead.size).toBe(64)
    const sizes: number[] = []
    for (let runs = 0; runs < 40; runs++) {
      ahead.observe(60)
      sizes.push(ahead.size)
    }
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(sizes.some((size) => size > 0 && size < 64)).toBe(true)
    expect(sizes.at(-1)).toBe(0)
    ahead.forget()
    ahead.observe(1)
    expect(ahead.size).toBe(64)
  })
})

describe.each(STORE_PATHS)('look-ahead over %s', (path) => {
  it('claims ahead for short tasks, and gives back uncounted what waits behind a long one', async () => {
    const { opened, open } = gate()
    const attempts: number[] = []
    const work = task('work', async (isLong: boolean) => {
      if (isLong) await opened
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({
      concurrency: 1,
      hooks: { beforeTask: ({ attempt }) => void attempts.push(attempt) },
    })
    await bench.server.send(work(false))
    await bench.clock.settle()
    await bench.server.sendMany([work(true), ...Array.from({ length: 30 }, () => work(false))])
    await bench.clock.settle()
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 31 })
    await bench.clock.advance(200)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 30, inFlight: 1 })
    const other = await bench.newProcess([work])
    await other.startWorker({
      concurrency: 1,
      hooks: { beforeTask: ({ attempt }) => void attempts.push(attempt) },
    })
    await bench.clock.advance(1_000)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 1 })
    open()
    await bench.clock.settle()
    expect(attempts).toHaveLength(32)
    expect(new Set(attempts)).toEqual(new Set([1]))
  })

  it('starts what waits when the slot is free before that', async () => {
    let runs = 0
    const work = task('work', async (ms: number) => {
      runs += 1
      if (ms > 0) await new Promise<void>((resolve) => void bench.clock.setTimer(resolve, ms))
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ concurrency: 1 })
    await bench.server.send(work(0))
    await bench.clock.settle()
    await bench.server.sendMany([work(90), work(0), work(90), work(0), work(0)])
    await bench.clock.advance(180)
    expect(runs).toBe(6)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })
})
