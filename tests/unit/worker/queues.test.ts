import { describe, expect, it } from 'vitest'
import type { Consumer } from '../../../src/core/ports/broker.ts'
import { task } from '../../../src/task/task.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { queueOrder } from '../../../src/worker/queue-order.ts'
import { type Bench, openBench, STORE_PATHS } from '../../support/builders.ts'

/** Longer than what look-ahead is used for, so that each claim is one choice. */
const RUN_MS = 60

function recorder() {
  const order: string[] = []
  const work = task('work', (queue: string) => {
    order.push(queue)
    return new Promise<void>((resolve) => void recording.bench?.clock.setTimer(resolve, RUN_MS))
  })
  const recording: { bench?: Bench } = {}
  return { order, work, recording }
}

async function fill(bench: Bench, work: ReturnType<typeof recorder>['work'], counts: Record<string, number>) {
  for (const [queue, count] of Object.entries(counts))
    await bench.server.sendMany(Array.from({ length: count }, () => work(queue).with({ routingKey: queue })))
}

const count = (order: readonly string[], queue: string): number =>
  order.filter((name) => name === queue).length

describe.each(STORE_PATHS)('several queues over %s', (path) => {
  it('in a list are emptied in its order', async () => {
    const { order, work, recording } = recorder()
    await using bench = await openBench({ path, tasks: [work] })
    recording.bench = bench
    await fill(bench, work, { low: 5, high: 5, middle: 5 })
    await bench.startWorker({ queues: ['high', 'middle', 'low'], concurrency: 1 })
    await bench.clock.advance(1_000)
    expect(order.join(' ')).toBe(
      'high high high high high middle middle middle middle middle low low low low low',
    )
  })

  it('with weights are served by their shares, and a heavy one does not starve a light one', async () => {
    const { order, work, recording } = recorder()
    await using bench = await openBench({ path, tasks: [work], seed: 7 })
    recording.bench = bench
    await fill(bench, work, { heavy: 400, light: 400 })
    await bench.startWorker({ queues: { heavy: 3, light: 1 }, concurrency: 1 })
    await bench.clock.advance(300 * RUN_MS)
    const share = count(order, 'heavy') / order.length
    expect(order.length).toBeGreaterThanOrEqual(300)
    expect(share).toBeGreaterThan(0.68)
    expect(share).toBeLessThan(0.82)
  })

  it('are all waited for when they are empty', async () => {
    const { order, work, recording } = recorder()
    await using bench = await openBench({ path, tasks: [work] })
    recording.bench = bench
    await bench.startWorker({ queues: { a: 1, b: 1, c: 1 }, concurrency: 1 })
    for (const queue of ['c', 'a', 'b', 'b']) {
      await fill(bench, work, { [queue]: 1 })
      await bench.clock.advance(RUN_MS)
    }
    expect(order).toEqual(['c', 'a', 'b', 'b'])
  })

  it('never run more than the concurrency, together', async () => {
    let running = 0
    let most = 0
    let total = 0
    const work = task('work', async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => void bench.clock.setTimer(resolve, RUN_MS))
      running -= 1
      total += 1
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ queues: ['a', 'b', 'c'], concurrency: 2 })
    await bench.clock.settle()
    for (const queue of ['a', 'b', 'c', 'a', 'b', 'c'])
      await bench.server.send(work().with({ routingKey: queue }))
    await bench.clock.advance(3_000)
    expect([most, total]).toEqual([2, 6])
  })

  it('may be given as weights and served strictly, or as a list and by equal shares', async () => {
    const { order, work, recording } = recorder()
    await using bench = await openBench({ path, tasks: [work] })
    recording.bench = bench
    await fill(bench, work, { a: 10, b: 10 })
    const strict = await bench.startWorker({ queues: { b: 1, a: 99 }, order: 'strict', concurrency: 1 })
    await bench.clock.advance(9 * RUN_MS)
    await bench.settled(strict.close())
    expect(new Set(order)).toEqual(new Set(['b']))
    order.length = 0
    await fill(bench, work, { b: 200, a: 200 })
    await bench.startWorker({ queues: ['a', 'b'], order: 'weighted', concurrency: 1 })
    await bench.clock.advance(100 * RUN_MS)
    expect(count(order, 'b')).toBeGreaterThan(30)
    expect(count(order, 'a')).toBeGreaterThan(30)
  })
})

describe('the order of a round', () => {
  it('is a permutation in which each queue comes first as often as its share says', () => {
    const clock = fakeClock(undefined, 42)
    const lines = [1, 2, 7].map((weight) => ({ queue: `w${weight}`, weight, consumer: {} as Consumer }))
    const firsts = new Map<string, number>()
    for (let round = 0; round < 10_000; round++) {
      const order = queueOrder(lines, 'weighted', clock).map((line) => line.queue)
      expect(new Set(order).size).toBe(3)
      firsts.set(order[0] ?? '', (firsts.get(order[0] ?? '') ?? 0) + 1)
    }
    expect((firsts.get('w1') ?? 0) / 10_000).toBeCloseTo(0.1, 1)
    expect((firsts.get('w2') ?? 0) / 10_000).toBeCloseTo(0.2, 1)
    expect((firsts.get('w7') ?? 0) / 10_000).toBeCloseTo(0.7, 1)
    expect(queueOrder(lines, 'strict', clock)).toEqual(lines)
  })
})
