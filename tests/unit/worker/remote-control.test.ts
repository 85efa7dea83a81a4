import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { task } from '../../../src/task/task.ts'
import { createSlots } from '../../../src/worker/slots.ts'
import { type Bench, type Gate, gate, openBench, type PortWrapper } from '../../support/builders.ts'

const LOOK_MS = 1_000

/** A task whose runs end when the test says so. */
function gated() {
  const running: Gate[] = []
  const work = task('work', async () => {
    const own = gate()
    running.push(own)
    await own.opened
    running.splice(running.indexOf(own), 1)
  })
  return { work, running }
}

async function openAll(bench: Bench, running: readonly Gate[]): Promise<void> {
  while (running.length > 0) {
    for (const one of [...running]) one.open()
    await bench.clock.settle()
  }
}

const only = async (bench: Bench) => {
  const listed = await bench.server.workers.list()
  expect(listed).toHaveLength(1)
  return listed[0] as (typeof listed)[number]
}

describe('the registry', () => {
  it('shows a worker from its start, to every process', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ tasks: [work] })
    const now = bench.clock.now()
    const worker = await bench.startWorker({ name: 'w', concurrency: 3, queues: { a: 6, b: 3 } })
    const other = await bench.newProcess([])
    expect(await other.server.workers.list()).toEqual([
      {
        id: worker.id,
        name: 'w',
        host: hostname(),
        pid: process.pid,
        version: (
          JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
            version: string
          }
        ).version,
        startedAt: now,
        seenAt: now,
        heartbeatMs: 5_000,
        queues: { a: 6, b: 3 },
        tasks: ['work'],
        concurrency: 3,
        running: 0,
        runningTasks: [],
        pausedQueues: [],
        pausedTasks: [],
        isQuiet: false,
        isClosing: false,
        eventLoopDelayMs: expect.any(Number) as number,
      },
    ])
    expect(await other.server.workers.get(worker.id)).toMatchObject({ name: 'w' })
    expect(await other.server.workers.get('none')).toBeUndefined()
    await openAll(bench, running)
  })

  it('shows what runs, the longest first, at most 100 of them', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ tasks: [work] })
    await bench.startWorker({ concurrency: 150 })
    const first = await bench.server.send(work())
    await bench.clock.advance(1_500)
    const startedAt = bench.clock.now() - 1_500
    await bench.server.sendMany(Array.from({ length: 120 }, () => work()))
    await bench.clock.advance(6_000)
    const { running: count, runningTasks, seenAt } = await only(bench)
    expect(count).toBe(121)
    expect(runningTasks).toHaveLength(100)
    expect(runningTasks[0]).toEqual({ uuid: first.uuid, name: 'work', queue: 'machinery_tasks', startedAt })
    expect(bench.clock.now() - seenAt).toBeLessThanOrEqual(5_500)
    await openAll(bench, running)
  })

  it('forgets a worker that is closed, at once, and one that is killed, after three beats', async () => {
    await using bench = await openBench()
    const closed = await bench.startWorker({ name: 'closed' })
    const killed = await bench.newProcess([])
    await killed.startWorker({ name: 'killed' })
    const names = async () => (await bench.server.workers.list()).map(({ name }) => name)
    expect(await names()).toEqual(['closed', 'killed'])
    await bench.settled(closed.close())
    expect(await names()).toEqual(['killed'])
    await bench.clock.advance(20_000)
    expect(await names()).toEqual(['killed'])
    killed.kill()
    await bench.clock.advance(9_000)
    expect(await names()).toEqual(['killed'])
    await bench.clock.advance(6_500)
    expect(await names()).toEqual([])
  })

  it('shows that a worker shuts down while what it runs ends', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ tasks: [work] })
    const worker = await bench.startWorker()
    await bench.server.send(work())
    await bench.clock.settle()
    const closing = worker.close({ graceMs: 60_000 })
    await bench.clock.advance(6_000)
    expect(await only(bench)).toMatchObject({ isClosing: true, running: 1 })
    await openAll(bench, running)
    await bench.settled(closing)
    expect(await bench.server.workers.list()).toEqual([])
  })

  it('that cannot be written is told once, and stops nothing', async () => {
    const { work, running } = gated()
    await using bench = await openBench({
      tasks: [work],
      wrap: {
        broker: (broker) => broker,
        backend: (backend) => {
          const fail = (): Promise<never> => Promise.reject(new Error('no such table'))
          return { ...backend, control: { put: fail, get: fail, list: fail, remove: fail } }
        },
      },
    })
    const worker = await bench.startWorker({ concurrency: 1 })
    const sent = await bench.server.send(work())
    await bench.clock.advance(30_000)
    await openAll(bench, running)
    expect(await sent.state()).toMatchObject({ state: 'SUCCESS' })
    await bench.settled(worker.close())
    const warned = bench.logs
      .filter(({ level }) => level === 'warn')
      .map(({ fields }) => String(fields['what']))
    expect(warned.toSorted()).toEqual(['orders', 'pauses', 'registry'])
  })

  it('does not know a worker without heartbeats', async () => {
    await using bench = await openBench()
    await bench.startWorker({ heartbeatMs: 0 })
    await bench.clock.advance(10_000)
    expect(await bench.server.workers.list()).toEqual([])
  })

  it('passes over entries that are not its own', async () => {
    await using bench = await openBench()
    await bench.backend.control?.put('workers', [
      { key: 'a', value: 'not JSON', expiresInMs: Infinity },
      { key: 'b', value: '[1]', expiresInMs: Infinity },
      { key: 'c', value: '{"id":"c","name":"newer","extra":1}', expiresInMs: Infinity },
    ])
    expect(await only(bench)).toMatchObject({ id: 'c', name: 'newer', running: 0, runningTasks: [] })
  })
})

describe('an order to a worker', () => {
  it('resizes it, once: what it is told later by others stands', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 1 })
    const other = await bench.newProcess([])
    await bench.server.sendMany(Array.from({ length: 9 }, () => work()))
    await other.server.workers.resize(worker.id, 4)
    await bench.clock.advance(LOOK_MS)
    expect([worker.concurrency, running.length]).toEqual([4, 4])
    expect(await only(bench)).toMatchObject({ concurrency: 4 })
    await worker.resize(2)
    await bench.clock.advance(5 * LOOK_MS)
    expect(worker.concurrency).toBe(2)
    await other.server.workers.resize(worker.id, 4)
    await bench.clock.advance(LOOK_MS)
    expect(worker.concurrency).toBe(4)
    await openAll(bench, running)
  })

  it('quiets it: it claims nothing more, what runs ends, and it goes on when it is resumed', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 2, queues: ['machinery_tasks', 'other'] })
    await bench.server.sendMany([work(), work(), work()])
    await bench.clock.settle()
    await bench.server.workers.quiet(worker.id)
    await bench.clock.advance(LOOK_MS)
    expect(running).toHaveLength(2)
    await openAll(bench, running)
    await bench.clock.advance(5 * LOOK_MS)
    expect(running).toHaveLength(0)
    expect(await only(bench)).toMatchObject({ isQuiet: true, running: 0 })
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
    await bench.server.workers.resume(worker.id)
    await bench.clock.advance(LOOK_MS)
    expect(running).toHaveLength(1)
    expect(await only(bench)).toMatchObject({ isQuiet: false })
    await openAll(bench, running)
  })

  it('stops it as a signal does', async () => {
    const { work, running } = gated()
    await using bench = await openBench({ tasks: [work] })
    const worker = await bench.startWorker({ concurrency: 1 })
    const sent = await bench.server.sendMany([work(), work()])
    await bench.clock.settle()
    await bench.server.workers.stop(worker.id)
    await bench.clock.advance(LOOK_MS)
    await openAll(bench, running)
    await bench.settled(worker.closed)
    expect(await sent[0]?.state()).toMatchObject({ state: 'SUCCESS' })
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
    expect(await bench.server.workers.list()).toEqual([])
    expect(await bench.backend.control?.list('orders')).toEqual([])
  })

  it('pings it', async () => {
    await using bench = await openBench()
    const worker = await bench.startWorker()
    for (let round = 0; round < 2; round++)
      expect(await bench.settled(bench.server.workers.ping(worker.id))).toBeLessThanOrEqual(LOOK_MS + 100)
    expect(Object.keys(await only(bench))).not.toContain('pong')
  })

  it('that is a ping ends when nobody answers in time, or by its signal', async () => {
    await using bench = await openBench()
    const hung = await bench.newProcess([])
    const worker = await hung.startWorker()
    hung.backendFaults.down = true
    await expect(
      bench.settled(bench.server.workers.ping(worker.id, { timeoutMs: 2_000 })),
    ).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: `Timeout reached: worker ${worker.id} did not answer within 2000 ms`,
    })
    const stop = new AbortController()
    const ping = bench.server.workers.ping(worker.id, { signal: stop.signal })
    await bench.clock.settle()
    stop.abort(new Error('enough'))
    await expect(bench.settled(ping)).rejects.toThrow('enough')
    hung.backendFaults.down = false
    for (const timeoutMs of [Number.NaN, -1])
      await expect(
        bench.settled(bench.server.workers.ping(worker.id, { timeoutMs }), 60_000),
      ).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: `timeoutMs is ${timeoutMs}; a number of ms from 0 is right`,
      })
  })

  it('that fails is tried again, and keeps no other from being obeyed', async () => {
    let failures = 0
    const wrap: PortWrapper = {
      backend: (backend) => backend,
      broker: (broker) => ({
        ...broker,
        consume: async (queue, options) => {
          const consumer = await broker.consume(queue, options)
          const resize = async (most: number): Promise<void> => {
            failures += 1
            if (failures < 3) throw new Error('channel closed')
            return consumer.resize(most)
          }
          return {
            claim: (want, signal) => consumer.claim(want, signal),
            settle: (batch) => consumer.settle(batch),
            resize,
            close: () => consumer.close(),
          }
        },
      }),
    }
    await using bench = await openBench({ wrap })
    const worker = await bench.startWorker({ concurrency: 1 })
    await bench.clock.settle()
    await bench.server.workers.resize(worker.id, 4)
    await bench.server.workers.quiet(worker.id)
    await bench.clock.advance(LOOK_MS)
    expect([failures, worker.concurrency]).toEqual([1, 1])
    expect(await only(bench)).toMatchObject({ isQuiet: true })
    await bench.clock.advance(5 * LOOK_MS)
    expect([failures, worker.concurrency]).toEqual([3, 4])
  })

  it('that cannot be read, or says what no worker can do, keeps no other from being obeyed', async () => {
    await using bench = await openBench()
    const worker = await bench.startWorker({ concurrency: 1 })
    await bench.clock.settle()
    const at = { expiresInMs: Infinity }
    await bench.backend.control?.put('orders', [
      { key: `${worker.id}/concurrency`, value: '{"at":"1","value":"many"}', ...at },
      { key: `${worker.id}/ping`, value: 'not JSON', ...at },
      { key: `${worker.id}/quiet`, value: '{"at":"1","value":"yes"}', ...at },
    ])
    await bench.clock.advance(5 * LOOK_MS)
    expect(worker.concurrency).toBe(1)
    expect(await only(bench)).toMatchObject({ isQuiet: true })
    const warned = bench.logs.filter(({ level }) => level === 'warn')
    expect(warned).toHaveLength(2)
  })

  it('reaches that worker alone', async () => {
    await using bench = await openBench()
    const [one, two] = [
      await bench.startWorker({ slots: createSlots(1) }),
      await bench.startWorker({ slots: createSlots(1) }),
    ]
    await bench.server.workers.resize(one.id, 7)
    await bench.clock.advance(LOOK_MS)
    expect([one.concurrency, two.concurrency]).toEqual([7, 1])
  })

  it('is refused when there is no such worker, or no such concurrency', async () => {
    await using bench = await openBench()
    const worker = await bench.startWorker()
    const { workers } = bench.server
    const unknown = {
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining('no worker with the id gone') as string,
    }
    for (const call of [
      workers.quiet('gone'),
      workers.resume('gone'),
      workers.stop('gone'),
      workers.ping('gone'),
    ])
      await expect(call).rejects.toMatchObject(unknown)
    for (const concurrency of [0, 1.5, Number.NaN])
      await expect(workers.resize(worker.id, concurrency)).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: `resize: concurrency is ${concurrency}; a whole number above 0 is right`,
      })
  })
})

describe('remote control', () => {
  it('needs a result backend, and one that has a place for it', async () => {
    await using without = await openBench({ withBackend: false })
    await using poor = await openBench({
      wrap: {
        broker: (broker) => broker,
        backend: ({ control: _control, ...backend }) => backend,
      },
    })
    for (const [bench, code] of [
      [without, 'ERR_BACKEND_REQUIRED'],
      [poor, 'ERR_UNSUPPORTED'],
    ] as const) {
      await bench.publish({ name: 'unknown' })
      await bench.startWorker()
      const { workers, queues, tasks } = bench.server
      for (const call of [
        workers.list(),
        workers.get('a'),
        workers.stop('a'),
        queues.pause('a'),
        queues.isPaused('a'),
        tasks.pause('a'),
        tasks.paused(),
      ])
        await expect(call).rejects.toMatchObject({ code })
      expect(await queues.list()).toMatchObject([{ queue: 'machinery_tasks', isPaused: false }])
    }
  })
})
