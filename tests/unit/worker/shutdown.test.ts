import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../../src/core/errors.ts'
import { reject as rejectTask } from '../../../src/core/outcome.ts'
import type { Broker } from '../../../src/core/ports/broker.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'

const STATS_EMPTY = { pending: 0, inFlight: 0, dead: 0 }

/** A handler that runs until its test opens a gate, or until it is aborted if it cares. */
function longTask() {
  const { opened, open } = gate()
  const reasons: unknown[] = []
  let runs = 0
  const long = task('long', async (caring: boolean) => {
    runs += 1
    const { signal } = currentTask()
    signal.addEventListener('abort', () => reasons.push(signal.reason))
    await (caring
      ? Promise.race([
          opened,
          new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason as Error))),
        ])
      : opened)
    return 'done'
  })
  return { long, open, reasons, runs: () => runs }
}

describe.each(STORE_PATHS)('closing a worker over %s', (path) => {
  it('lets handlers end within the grace time; nothing is lost, nothing runs twice', async () => {
    const { long, open, reasons, runs } = longTask()
    await using bench = await openBench({ path, tasks: [long] })
    const worker = await bench.startWorker({ concurrency: 2 })
    const sent = await bench.server.sendMany([long(true), long(true), long(true)])
    await bench.clock.settle()
    const closing = worker.close({ graceMs: 5_000 })
    await bench.clock.advance(4_900)
    expect(reasons).toEqual([])
    open()
    await bench.settled(closing)
    await worker.closed
    const states = await Promise.all(sent.map((result) => bench.state(result.uuid)))
    expect(states.map((state) => state?.state)).toEqual(['SUCCESS', 'SUCCESS', 'PENDING'])
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
    expect(runs()).toBe(2)
    await bench.startWorker()
    expect(await bench.settled(sent[2].get())).toBe('done')
    expect(runs()).toBe(3)
  })

  it('aborts after the grace time; what throws because of it is given back, uncounted, without an end', async () => {
    const { long, open, reasons, runs } = longTask()
    const ends: string[] = []
    await using bench = await openBench({ path, tasks: [long] })
    const hooks = { afterTask: (_task: unknown, end: string) => void ends.push(end) }
    const worker = await bench.startWorker({ hooks })
    const result = await bench.server.send(long(true).with({ retryCount: 0 }))
    await bench.clock.settle()
    const startedAt = bench.clock.now()
    await bench.settled(worker.close({ graceMs: 5_000 }))
    expect(bench.clock.now() - startedAt).toBeLessThan(5_200)
    expect(reasons.map((reason) => isMachineryError(reason, 'ERR_CLOSED'))).toEqual([true])
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'STARTED' })
    expect(ends).toEqual([])
    open()
    const attempts: number[] = []
    await bench.startWorker({ hooks: { beforeTask: ({ attempt }) => void attempts.push(attempt) } })
    expect(await bench.settled(result.get())).toBe('done')
    expect(runs()).toBe(2)
    // Not counted by the broker, and yet the second try.
    expect(attempts).toEqual([2])
  })

  it('takes an outcome of an aborted handler as its end', async () => {
    const picky = task('picky', async () => {
      const { signal } = currentTask()
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      throw rejectTask('cannot be repeated')
    })
    await using bench = await openBench({ path, tasks: [picky] })
    const worker = await bench.startWorker()
    const result = await bench.server.send(picky())
    await bench.clock.settle()
    await bench.settled(worker.close({ graceMs: 0 }))
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'FAILURE', error: 'cannot be repeated' })
  })

  it('gives back what ignores its signal two seconds later; its late answer is ignored', async () => {
    const { long, open } = longTask()
    await using bench = await openBench({ path, tasks: [long] })
    const worker = await bench.startWorker()
    const result = await bench.server.send(long(false))
    await bench.clock.settle()
    const startedAt = bench.clock.now()
    await bench.settled(worker.close({ graceMs: 1_000 }))
    expect(bench.clock.now() - startedAt).toBeGreaterThanOrEqual(3_000)
    expect(bench.clock.now() - startedAt).toBeLessThan(3_100)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
    open()
    await bench.clock.settle()
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'STARTED' })
    await bench.startWorker()
    expect(await bench.settled(result.get())).toBe('done')
  })

  it('gives back what it claimed ahead, uncounted and in order', async () => {
    const { opened, open } = gate()
    const order: number[] = []
    const work = task('work', async (index: number) => {
      order.push(index)
      if (index === 1) await opened
    })
    await using bench = await openBench({ path, tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 1 })
    await bench.server.send(work(0))
    await bench.clock.settle()
    await bench.server.sendMany([1, 2, 3, 4, 5].map((index) => work(index)))
    await bench.clock.settle()
    const closing = worker.close()
    open()
    await bench.settled(closing)
    expect(order).toEqual([0, 1])
    expect(await bench.server.queueStats()).toMatchObject({ pending: 4, inFlight: 0 })
    await bench.startWorker({ concurrency: 1 })
    await bench.clock.settle()
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('while idle ends at once; twice is once; nothing is left behind', async () => {
    await using bench = await openBench({ path })
    const worker = await bench.startWorker({ queues: ['a', 'b'] })
    await bench.clock.advance(10)
    const first = worker.close()
    expect(worker.close()).toBe(first)
    await bench.settled(first)
    await bench.settled(worker.close({ graceMs: 1 }))
    await worker.closed
    expect(bench.clock.pendingTimers).toBe(0)
  })

  it('ends also when its broker cannot be told', async () => {
    const wrap = {
      backend: <T>(backend: T) => backend,
      broker: (broker: Broker): Broker => ({
        ...broker,
        async consume(queue, options) {
          const consumer = await broker.consume(queue, options)
          return {
            claim: (want, signal) => consumer.claim(want, signal),
            settle: (batch) => consumer.settle(batch),
            resize: (most) => consumer.resize(most),
            close: () => consumer.close().then(() => Promise.reject(new Error('connection lost'))),
          }
        },
      }),
    }
    await using bench = await openBench({ path, wrap })
    const worker = await bench.startWorker()
    await bench.settled(worker.close())
    await worker.closed
    expect(bench.logs.find((line) => line.message === 'closing a consumer failed')?.level).toBe('warn')
  })

  it('right after its start loses nothing', async () => {
    const work = task('work', () => 'done')
    await using bench = await openBench({ path, tasks: [work] })
    const results = await bench.server.sendMany(Array.from({ length: 20 }, () => work()))
    for (let round = 0; round < 10; round++) {
      const worker = await bench.startWorker({ concurrency: 2 })
      await bench.settled(worker.close())
    }
    const stats = await bench.server.queueStats()
    const states = await bench.backend.tasks.get(results.map((result) => result.uuid))
    const done = states.filter((state) => state?.state === 'SUCCESS').length
    expect(stats).toMatchObject({ pending: 20 - done, inFlight: 0, dead: 0 })
    await bench.startWorker()
    expect(await bench.settled(Promise.all(results.map((result) => result.get())))).toHaveLength(20)
  })

  it('stores what ended although the backend is down at first', async () => {
    const { long, open } = longTask()
    await using bench = await openBench({ path, tasks: [long] })
    const worker = await bench.startWorker()
    const result = await bench.server.send(long(false))
    await bench.clock.settle()
    bench.backendFaults.down = true
    open()
    const closing = worker.close()
    await bench.clock.advance(3_000)
    bench.backendFaults.down = false
    await bench.settled(closing)
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'SUCCESS' })
    expect(await bench.server.queueStats()).toMatchObject(STATS_EMPTY)
  })

  it('gives up on a backend that stays down, in bounded time, and the message runs again elsewhere', async () => {
    const { long, open, runs } = longTask()
    await using bench = await openBench({ path, tasks: [long] })
    const worker = await bench.startWorker()
    const result = await bench.server.send(long(false))
    await bench.clock.settle()
    bench.backendFaults.down = true
    open()
    const startedAt = bench.clock.now()
    await bench.settled(worker.close())
    expect(bench.clock.now() - startedAt).toBeLessThan(11_000)
    expect(bench.clock.pendingTimers).toBe(0)
    const other = await bench.newProcess([long])
    await other.startWorker()
    expect(await bench.settled(other.server.result(result.uuid).get())).toBe('done')
    expect(runs()).toBe(2)
    expect(await other.server.queueStats()).toMatchObject(STATS_EMPTY)
  })
})

/** The listener that a worker has added to a signal of the process. */
function signalListener(before: readonly unknown[], signal: NodeJS.Signals): () => void {
  const added = process.listeners(signal).filter((listener) => !before.includes(listener))
  if (added.length !== 1 || added[0] === undefined) throw new Error(`${added.length} listeners were added`)
  const [listener] = added
  return () => listener(signal)
}

describe.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('%s', (signal) => {
  it('drains; a second one gives back at once; then nobody listens', async () => {
    const { long, open, reasons } = longTask()
    await using bench = await openBench({ tasks: [long] })
    const before = process.listeners(signal)
    const worker = await bench.startWorker({ noSignals: false })
    const send = signalListener(before, signal)
    const result = await bench.server.send(long(false))
    await bench.clock.settle()
    send()
    await bench.clock.advance(1_000)
    expect(reasons).toEqual([])
    expect(worker.running).toBe(1)
    const waiting = await bench.server.send(long(false))
    send()
    await bench.clock.settle()
    await worker.closed
    expect(reasons).toHaveLength(1)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 2, inFlight: 0 })
    expect(process.listeners(signal)).toEqual(before)
    expect(bench.logs.filter((line) => line.message === 'Signal received')).toHaveLength(2)
    open()
    await bench.startWorker()
    expect(await bench.settled(Promise.all([result.get(), waiting.get()]))).toEqual(['done', 'done'])
  })

  it('is left alone with noSignals', async () => {
    await using bench = await openBench()
    const before = process.listeners(signal)
    await bench.startWorker({ noSignals: true })
    expect(process.listeners(signal)).toEqual(before)
  })
})

describe('a server that closes', () => {
  it('closes its workers, whose handlers may still send and wait', async () => {
    const { opened, open } = gate()
    const part = task('part', () => 'part')
    const whole = task('whole', async () => {
      await opened
      const sent = await bench.server.send(part())
      return sent.uuid
    })
    await using bench = await openBench({ tasks: [part, whole] })
    const worker = await bench.startWorker()
    const result = await bench.server.send(whole())
    await bench.clock.settle()
    const closing = bench.server.close()
    await expect(bench.server.send(part())).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(bench.server.sendMany([part()])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(bench.server.startWorker()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    open()
    await bench.settled(closing)
    await worker.closed
    const state = await bench.state(result.uuid)
    expect(state).toMatchObject({ state: 'SUCCESS' })
    const sent = JSON.parse(state?.results[0]?.value ?? '""') as string
    expect(await bench.state(sent)).toMatchObject({ state: 'PENDING' })
  })

  it('does not leave a worker behind that was just starting', async () => {
    await using bench = await openBench()
    const starting = bench.startWorker()
    const closing = bench.server.close()
    await expect(starting).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await bench.settled(closing)
    expect(bench.clock.pendingTimers).toBe(0)
  })
})
