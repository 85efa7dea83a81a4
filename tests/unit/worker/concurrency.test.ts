import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { task } from '../../../src/task/task.ts'
import { createSlots, type Slots } from '../../../src/worker/slots.ts'
import { type Bench, type Gate, gate, openBench, STORE_PATHS } from '../../support/builders.ts'

/** A task whose runs end when the test says so; it remembers how many ran at once. */
function gated() {
  const running: Gate[] = []
  const state = { most: 0, done: 0 }
  const work = task('work', async () => {
    const own = gate()
    running.push(own)
    state.most = Math.max(state.most, running.length)
    await own.opened
    running.splice(running.indexOf(own), 1)
    state.done += 1
  })
  return { work, running, state }
}

const sendMany = (bench: Bench, work: ReturnType<typeof gated>['work'], count: number): Promise<unknown> =>
  bench.server.sendMany(Array.from({ length: count }, () => work()))

async function openAll(bench: Bench, running: readonly Gate[]): Promise<void> {
  while (running.length > 0) {
    for (const one of [...running]) one.open()
    await bench.clock.settle()
  }
}

describe.each(STORE_PATHS)('concurrency over %s', (path) => {
  it('is never exceeded, and always used', async () => {
    const { work, running, state } = gated()
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 3 })
    await sendMany(bench, work, 20)
    for (let done = 0; done < 17; done++) {
      await bench.clock.settle()
      expect(running).toHaveLength(3)
      expect(worker.running).toBe(3)
      running[0]?.open()
    }
    await openAll(bench, running)
    expect(state).toEqual({ most: 3, done: 20 })
    expect(worker.running).toBe(0)
  })

  it('claims for free slots only', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker({ concurrency: 3 })
    await sendMany(bench, work, 20)
    await bench.clock.settle()
    expect(await bench.server.queueStats()).toMatchObject({ pending: 17, inFlight: 3 })
    await openAll(bench, running)
  })

  it('can be raised and lowered while tasks run', async () => {
    const { work, running, state } = gated()
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 1 })
    await sendMany(bench, work, 30)
    await bench.clock.settle()
    expect(running).toHaveLength(1)
    await worker.resize(5)
    await bench.clock.settle()
    expect([worker.concurrency, running.length]).toEqual([5, 5])
    await worker.resize(2)
    await bench.clock.settle()
    expect(running).toHaveLength(5)
    for (const one of running.slice(0, 3)) one.open()
    await bench.clock.settle()
    expect(running).toHaveLength(2)
    running[0]?.open()
    await bench.clock.settle()
    expect(running).toHaveLength(2)
    await openAll(bench, running)
    expect(state.done).toBe(30)
  })

  it('can be raised far above what it was', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 1 })
    await sendMany(bench, work, 400)
    await worker.resize(350)
    await bench.clock.settle()
    expect(running).toHaveLength(350)
    await openAll(bench, running)
  })

  it.each([0, -1, 1.5, Number.NaN, Infinity])('cannot become %s', async (concurrency) => {
    await using bench = await openBench({ path })
    const worker = await bench.startWorker({ concurrency: 2 })
    await expect(worker.resize(concurrency)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: `resize: concurrency is ${concurrency}; a whole number above 0 is right`,
    })
    expect(worker.concurrency).toBe(2)
  })
})

describe('the default concurrency', () => {
  it.each([undefined, 0])('of %s is twice the CPUs', async (concurrency) => {
    await using bench = await openBench()
    const worker = await bench.startWorker(concurrency === undefined ? {} : { concurrency })
    expect(worker.concurrency).toBe(availableParallelism() * 2)
  })
})

describe('slots', () => {
  it('are shared by several workers, which never run more together', async () => {
    const { work, running, state } = gated()
    const slots = createSlots(3)
    await using bench = await openBench({ tasks: [work] })
    const first = await bench.startWorker({ slots, queues: 'a' })
    const second = await bench.startWorker({ slots, queues: 'b' })
    for (let count = 0; count < 10; count++) {
      await bench.server.send(work().with({ routingKey: 'a' }))
      await bench.server.send(work().with({ routingKey: 'b' }))
    }
    await bench.clock.advance(200)
    expect(first.running + second.running).toBe(3)
    expect(slots.taken).toBe(3)
    slots.resize(4)
    await bench.clock.settle()
    expect(first.running + second.running).toBe(4)
    while (state.done < 20) {
      running[0]?.open()
      await bench.clock.advance(200)
      expect(running.length).toBeLessThanOrEqual(4)
    }
    expect(state.most).toBe(4)
    expect(slots.taken).toBe(0)
  })

  it('go round: a worker with a long backlog does not keep them all', async () => {
    const order: string[] = []
    const work = task('work', (name: string) => {
      order.push(name)
      return new Promise<void>((resolve) => void bench.clock.setTimer(resolve, 4))
    })
    const slots = createSlots(1)
    await using bench = await openBench({ tasks: [work] })
    const fill = (name: string, count: number) =>
      bench.server.sendMany(Array.from({ length: count }, () => work(name).with({ routingKey: name })))
    await fill('a', 400)
    await fill('b', 10)
    await bench.startWorker({ slots, queues: 'a' })
    await bench.startWorker({ slots, queues: 'b' })
    await bench.clock.advance(5_000)
    expect(order).toHaveLength(410)
    expect(order.lastIndexOf('b')).toBeLessThan(100)
  })

  it('of capacity 0 run nothing until they are raised', async () => {
    const work = task('work', () => 'done')
    const slots = createSlots(0)
    await using bench = await openBench({ tasks: [work] })
    await bench.startWorker({ slots })
    const result = await bench.server.send(work())
    await bench.clock.advance(1_000)
    expect(await result.state()).toMatchObject({ state: 'PENDING' })
    slots.resize(1)
    expect(await bench.settled(result.get())).toBe('done')
  })

  it('outlive their workers', async () => {
    const work = task('work', () => 'done')
    const slots = createSlots(1)
    await using bench = await openBench({ tasks: [work] })
    const first = await bench.startWorker({ slots })
    await bench.settled((await bench.server.send(work())).get())
    await bench.settled(first.close())
    await bench.startWorker({ slots })
    expect(await bench.settled((await bench.server.send(work())).get())).toBe('done')
  })

  it('do not remember a worker that could not start', async () => {
    const listeners = new Set<() => void>()
    const slots: Slots = {
      ...createSlots(1),
      onFree: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    await using bench = await openBench()
    bench.brokerFaults.down = true
    await expect(bench.startWorker({ slots })).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    expect(listeners.size).toBe(0)
  })

  it('are taken up to their capacity, and given back no more than were taken', () => {
    const slots = createSlots(2)
    let frees = 0
    const stop = slots.onFree(() => void (frees += 1))
    expect([slots.take(), slots.take(), slots.take()]).toEqual([true, true, false])
    slots.resize(1)
    slots.giveBack()
    expect([slots.taken, slots.take(), frees]).toEqual([1, false, 0])
    slots.giveBack()
    slots.giveBack()
    expect([slots.taken, frees]).toEqual([0, 1])
    stop()
    slots.resize(9)
    expect(frees).toBe(1)
  })

  it.each([-1, 1.5, Number.NaN, Infinity])('cannot be %s', (capacity) => {
    expect(() => createSlots(capacity)).toThrow(
      `capacity is ${capacity}; a whole number of at least 0 is right`,
    )
    const slots = createSlots(1)
    expect(() => slots.resize(capacity)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }) as Error,
    )
    expect(slots.capacity).toBe(1)
  })
})
