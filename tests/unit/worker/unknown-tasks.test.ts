import { describe, expect, it } from 'vitest'
import { task } from '../../../src/task/task.ts'
import { signature } from '../../../src/task/untyped-signature.ts'
import { MAX_UNKNOWN_DELIVERIES } from '../../../src/worker/unknown-task.ts'
import type { UnknownTaskPolicy } from '../../../src/worker/worker-options.ts'
import { openBench, STORE_PATHS } from '../../support/builders.ts'

const REASON = 'Task not registered error: later'
const note = task('note', (_error: string) => {})

describe.each(STORE_PATHS)('a task that the worker does not know, over %s', (path) => {
  it('is given back with a growing delay, unchanged, and runs where it is known', async () => {
    await using bench = await openBench({ path })
    await bench.startWorker()
    const result = await bench.server.send(signature('later'))
    const delays: number[] = []
    for (let delivery = 0; delivery < 8; delivery++) {
      await bench.clock.settle()
      const [delayed] = await bench.server.getDelayedTasks()
      delays.push((delayed?.dueAt ?? 0) - bench.clock.now())
      expect(await bench.state(result.uuid)).toMatchObject({ state: 'PENDING' })
      await bench.clock.advance(delays.at(-1) ?? 0)
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    bench.server.register(task('later', () => 'at last'))
    expect(await bench.settled(result.get())).toBe('at last')
  })

  it('is still run after more deliveries than maxDeliveries: they killed nobody', async () => {
    await using bench = await openBench({ path })
    await bench.startWorker({ maxDeliveries: 3 })
    const result = await bench.server.send(signature('later'))
    await bench.clock.advance(120_000)
    bench.server.register(task('later', () => 'at last'))
    expect(await bench.settled(result.get())).toBe('at last')
  })

  it(`becomes a dead letter after ${MAX_UNKNOWN_DELIVERIES} deliveries, with FAILURE downstream`, async () => {
    await using bench = await openBench({ path, tasks: [note] })
    await bench.startWorker()
    const after = signature('after')
    const onError = note()
    const result = await bench.server.send(
      signature('later').with({ onSuccess: [after], onError: [onError] }),
    )
    await bench.clock.advance(58 * 60_000)
    expect(await bench.dead()).toEqual([])
    await bench.clock.advance(10 * 60_000)
    expect(await bench.dead()).toMatchObject([
      { reason: `${REASON}; no worker knew it in ${MAX_UNKNOWN_DELIVERIES} deliveries` },
    ])
    expect((await bench.state(result.uuid))?.error).toContain(REASON)
    expect((await bench.state(after.uuid))?.error).toBe(
      `upstream ${result.uuid} failed: ${REASON}; no worker knew it in ${MAX_UNKNOWN_DELIVERIES} deliveries`,
    )
    expect(await bench.state(onError.uuid)).toMatchObject({ state: 'SUCCESS' })
  })

  it.each<[string, UnknownTaskPolicy]>([
    ['deadLetter', 'deadLetter'],
    ['a function that says so', () => 'deadLetter'],
  ])('is a dead letter at once with %s', async (_name, unknownTask) => {
    await using bench = await openBench({ path })
    await bench.startWorker({ unknownTask })
    const result = await bench.server.send(signature('later'))
    await expect(bench.settled(result.get())).rejects.toThrow(REASON)
    expect(await bench.dead()).toMatchObject([{ reason: REASON, queue: 'machinery_tasks' }])
  })

  it.each<[string, UnknownTaskPolicy | undefined, boolean]>([
    ['drop', 'drop', false],
    ['a function that says so', () => 'drop', false],
    ['IgnoreWhenTaskNotRegistered', undefined, true],
    ['IgnoreWhenTaskNotRegistered, whatever the policy', 'deadLetter', true],
  ])('is dropped with %s, and whoever waits for it learns that', async (_name, unknownTask, ignore) => {
    await using bench = await openBench({ path })
    await bench.startWorker(unknownTask === undefined ? {} : { unknownTask })
    const after = signature('after')
    const result = await bench.server.send(
      signature('later', [], { ignoreWhenTaskNotRegistered: ignore, onSuccess: [after] }),
    )
    await expect(bench.settled(result.get())).rejects.toThrow(REASON)
    expect(await bench.state(after.uuid)).toMatchObject({ state: 'FAILURE' })
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, delayed: 0, inFlight: 0, dead: 0 })
  })

  it('is shown to a policy that is a function, which may name the delay', async () => {
    const asked: unknown[] = []
    await using bench = await openBench({ path })
    await bench.startWorker({
      unknownTask: (seen) => {
        asked.push(seen)
        return { retryInMs: 250 }
      },
    })
    const { uuid } = await bench.server.send(signature('later'))
    await bench.clock.advance(250)
    const shown = { uuid, name: 'later', queue: 'machinery_tasks' }
    expect(asked).toEqual([
      { ...shown, deliveryCount: 0 },
      { ...shown, deliveryCount: 1 },
    ])
  })

  it.each<[string, UnknownTaskPolicy, string]>([
    [
      'throws',
      () => {
        throw new Error('oops')
      },
      `${REASON}; unknownTask threw: oops`,
    ],
    [
      'answers no number',
      () => ({ retryInMs: Number.NaN }),
      `${REASON}; unknownTask answered retryInMs NaN; a number of ms is right`,
    ],
  ])('is a dead letter when the function %s, and the worker goes on', async (_name, unknownTask, reason) => {
    await using bench = await openBench({ path, tasks: [note] })
    await bench.startWorker({ unknownTask })
    await bench.server.send(signature('later'))
    const good = await bench.server.send(note('x'))
    await bench.settled(good.get())
    expect(await bench.dead()).toMatchObject([{ reason }])
  })
})
