import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { Broker, Chore } from '../../../src/core/ports/broker.ts'
import { EMPTY_MESSAGE } from '../../../src/core/message.ts'
import { task } from '../../../src/task/task.ts'
import type { BrokerFaults } from '../../../src/testing/index.ts'
import { type Bench, openBench, STORE_PATHS } from '../../support/builders.ts'
import { trippingPorts } from './tripping-ports.ts'

const STATS_EMPTY = { pending: 0, delayed: 0, inFlight: 0, dead: 0 }

/** A parent with a callback of each kind, and a task with a retry. */
function workload() {
  const runs = { parent: 0, next: 0, flaky: 0 }
  const parent = task('parent', () => (runs.parent += 1))
  const next = task('next', (value: number) => {
    runs.next += 1
    return value * 10
  })
  const flaky = task('flaky', () => {
    runs.flaky += 1
    if (runs.flaky === 1) throw new Error('once')
    return 'late'
  })
  return { runs, parent, next, flaky, tasks: [parent, next, flaky] }
}

async function sendAll(bench: Bench, { parent, next, flaky }: ReturnType<typeof workload>) {
  const callback = next()
  const first = await bench.server.send(parent().with({ onSuccess: [callback] }))
  const second = await bench.server.send(flaky().with({ retryCount: 1 }))
  return [first.uuid, callback.uuid, second.uuid] as const
}

async function expectAllDone(bench: Bench, uuids: readonly string[]): Promise<void> {
  const states = await bench.backend.tasks.get(uuids)
  expect(states.map((state) => [state?.state, state?.results[0]?.value])).toEqual([
    ['SUCCESS', '1'],
    ['SUCCESS', '10'],
    ['SUCCESS', '"late"'],
  ])
  expect(await bench.store.broker.inspector?.stats('machinery_tasks')).toMatchObject(STATS_EMPTY)
}

const STEPS = [
  'claim',
  'tasks.get',
  'tasks.begin',
  'tasks.commit',
  'tasks.retry',
  'tasks.pending',
  'publish',
  'settle',
  'sameStore.finish',
]

describe.each(STORE_PATHS)('a call that fails once, over %s', (path) => {
  it.each(STEPS)('%s: nothing is lost, nothing is run twice', async (step) => {
    const work = workload()
    const ports = trippingPorts()
    await using bench = await openBench({ path, tasks: work.tasks, wrap: ports })
    const uuids = await sendAll(bench, work)
    const failures = ports.failNext(step, 'before')
    await bench.startWorker()
    await bench.clock.advance(60_000)
    await expectAllDone(bench, uuids)
    expect(work.runs).toEqual({ parent: 1, next: 1, flaky: 2 })
    expect(failures.happened).toBe(ports.isUsed(step))
    expect(ports.isUsed('sameStore.finish')).toBe(path === 'one store')
  })

  it.each(STEPS.filter((step) => step !== 'claim'))(
    '%s, whose reply is lost: everything is committed once',
    async (step) => {
      const work = workload()
      const ports = trippingPorts()
      await using bench = await openBench({ path, tasks: work.tasks, wrap: ports })
      const uuids = await sendAll(bench, work)
      ports.failNext(step, 'after')
      await bench.startWorker()
      await bench.clock.advance(60_000)
      const states = await bench.backend.tasks.get(uuids)
      expect(states.map((state) => state?.state)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS'])
      expect(work.runs.parent).toBe(1)
      expect(await bench.server.queueStats()).toMatchObject(STATS_EMPTY)
    },
  )
})

describe.each(STORE_PATHS)('a process that dies, over %s', (path) => {
  const steps = [...STEPS, 'groups.finish', 'groups.triggered']

  it.each(steps.flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]))(
    'at %s, %s it happens: everything ends, committed once',
    async (step, when) => {
      const work = workload()
      const ports = trippingPorts()
      const list = task('list', (...values: number[]) => values.join(' '))
      await using bench = await openBench({ path, tasks: [...work.tasks, list], wrap: ports })
      const uuids = await sendAll(bench, work)
      const chordCallback = { uuid: 'chord', name: 'list' }
      await bench.backend.groups.init([
        { groupUuid: 'g', taskUuids: ['m1', 'm2'], createdAt: '', expiresInMs: 1 },
      ])
      for (const uuid of ['m1', 'm2'])
        await bench.publish(
          Buffer.from(
            JSON.stringify({
              UUID: uuid,
              Name: 'list',
              Args: [{ Type: 'int64', Value: 4 }],
              GroupUUID: 'g',
              GroupTaskCount: 2,
              ChordCallback: { UUID: chordCallback.uuid, Name: chordCallback.name },
            }),
          ),
        )
      ports.onNext(step, when, () => bench.kill())
      await bench.startWorker()
      await bench.clock.advance(5_000)
      const survivor = await bench.newProcess([...work.tasks, list])
      await survivor.startWorker()
      await bench.clock.advance(600_000)
      const states = await bench.backend.tasks.get([...uuids, 'm1', 'm2', 'chord'])
      expect(states.map((state) => state?.state)).toEqual(Array.from({ length: 6 }, () => 'SUCCESS'))
      expect(states[5]?.results[0]?.value).toBe('"4 4"')
      expect(await survivor.server.queueStats()).toMatchObject(STATS_EMPTY)
    },
  )
})

describe.each(STORE_PATHS)('an outage over %s', (path) => {
  it('of the backend stops nothing for good: what runs is committed afterwards, what waits runs', async () => {
    const work = workload()
    await using bench = await openBench({ path, tasks: work.tasks })
    const uuids = await sendAll(bench, work)
    bench.backendFaults.down = true
    await bench.startWorker()
    await bench.clock.advance(20_000)
    expect(work.runs).toEqual({ parent: 0, next: 0, flaky: 0 })
    bench.backendFaults.down = false
    await bench.clock.advance(60_000)
    await expectAllDone(bench, uuids)
    expect(work.runs).toEqual({ parent: 1, next: 1, flaky: 2 })
  })

  it('of the broker stops nothing for good, and is reported', async () => {
    const troubles: unknown[] = []
    const work = workload()
    await using bench = await openBench({ path, tasks: work.tasks })
    await bench.startWorker({ hooks: { workerError: (error) => void troubles.push(error) } })
    const uuids = await sendAll(bench, work)
    bench.brokerFaults.down = true
    await bench.clock.advance(20_000)
    bench.brokerFaults.down = false
    await bench.clock.advance(60_000)
    await expectAllDone(bench, uuids)
    expect(troubles.length).toBeGreaterThan(0)
    expect(bench.logs.some((line) => line.level === 'warn')).toBe(true)
  })

  it.each<[string, BrokerFaults]>([
    ['refuses', { down: true }],
    ['takes and does not say so', { uncertain: 'stored' }],
    ['may have taken, and has not', { uncertain: 'dropped' }],
  ])('in which the broker %s what follows a task loses no callback, and no chord', async (_name, faults) => {
    const work = workload()
    const list = task('list', (...values: number[]) => values.join(' '))
    await using bench = await openBench({ path, tasks: [...work.tasks, list] })
    const callback = work.next()
    const result = await bench.server.send(work.parent().with({ onSuccess: [callback] }))
    const member = { name: 'list', groupUuid: 'g', groupTaskCount: 1 }
    await bench.publish({
      ...member,
      uuid: 'm',
      chordCallback: { ...EMPTY_MESSAGE, uuid: 'chord', name: 'list' },
    })
    let isOver = false
    await bench.startWorker({
      hooks: {
        beforeTask: () => {
          if (!isOver) Object.assign(bench.brokerFaults, faults)
        },
      },
    })
    await bench.clock.advance(3_000)
    isOver = true
    Object.assign(bench.brokerFaults, { down: false, uncertain: undefined })
    await bench.clock.advance(60_000)
    const states = await bench.backend.tasks.get([result.uuid, callback.uuid, 'm', 'chord'])
    expect(states.map((state) => state?.state)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'])
    expect(await bench.server.queueStats()).toMatchObject(STATS_EMPTY)
  })

  it('of each part is told to workerError', async () => {
    const troubles: string[] = []
    const echo = task('echo', (value: number) => value)
    const ports = trippingPorts()
    const chore: Chore = { name: 'mover', run: () => Promise.reject(new Error('mover is stuck')) }
    await using bench = await openBench({
      path,
      tasks: [echo],
      wrap: { ...ports, broker: (broker) => ({ ...ports.broker(broker), chores: [chore] }) },
    })
    const sent = await bench.server.send(echo(1).with({ onSuccess: [echo()], stopTaskDeletionOnError: true }))
    bench.clock.setTimer(ports.failWhile('claim'), 1_000)
    bench.clock.setTimer(ports.failWhile('sameStore.finish'), 3_000)
    bench.clock.setTimer(ports.failWhile('publish'), 3_000)
    bench.clock.setTimer(ports.failWhile('settle'), 6_000)
    await bench.startWorker({
      hooks: { workerError: (error) => void troubles.push((error as Error).message) },
    })
    expect(await bench.settled(sent.get())).toBe(1)
    await bench.clock.advance(20_000)
    const lost = path === 'one store' ? ['claim', 'sameStore.finish'] : ['claim', 'publish', 'settle']
    for (const call of lost) expect(troubles).toContain(`${call}: connection lost (fault of a test)`)
    expect(troubles).toContain('mover is stuck')
  })

  it('of what stores the ends lets no more start than a crash may repeat', async () => {
    let runs = 0
    const count = task('count', () => ++runs)
    const ports = trippingPorts()
    await using bench = await openBench({ path, tasks: [count], wrap: ports })
    const sent = await bench.server.sendMany(Array.from({ length: 500 }, () => count()))
    const stops = [ports.failWhile('tasks.commit'), ports.failWhile('sameStore.finish')]
    await bench.startWorker({ concurrency: 3 })
    await bench.clock.advance(60_000)
    expect(runs).toBeGreaterThan(60)
    expect(runs).toBeLessThanOrEqual(64 + 3)
    for (const stop of stops) stop()
    await bench.settled(Promise.all(sent.map((result) => result.get())))
    expect(runs).toBe(500)
  })

  it('of the backend, with several queues, is waited out and not hammered', async () => {
    const work = workload()
    await using bench = await openBench({ path, tasks: work.tasks })
    let troubles = 0
    await bench.startWorker({ queues: ['a', 'b'], hooks: { workerError: () => void (troubles += 1) } })
    await bench.clock.settle()
    bench.backendFaults.down = true
    await bench.store.broker.publish([
      {
        queue: 'a',
        body: Buffer.from('{"UUID":"u","Name":"parent"}'),
        delayMs: 0,
        priority: 0,
        uuid: '',
        orderingKey: '',
      },
    ])
    await bench.clock.advance(30_000)
    expect(troubles).toBeGreaterThan(2)
    expect(troubles).toBeLessThan(40)
    bench.backendFaults.down = false
    await bench.clock.advance(20_000)
    expect(await bench.state('u')).toMatchObject({ state: 'SUCCESS' })
  })
})

describe.each(STORE_PATHS)('a message that the broker refuses for good, over %s', (path) => {
  const refusing = (isRefused: (queue: string, delayMs: number) => boolean) => {
    const ports = trippingPorts()
    return {
      backend: (backend: Backend) => ports.backend(backend),
      broker: (broker: Broker) => ports.broker(broker, isRefused),
    }
  }

  it('ends the callback and what follows it in FAILURE; the parent is done', async () => {
    const work = workload()
    await using bench = await openBench({
      path,
      tasks: work.tasks,
      wrap: refusing((queue) => queue === 'nowhere'),
    })
    await bench.startWorker()
    const last = work.next()
    const callback = work.next().with({ routingKey: 'nowhere', onSuccess: [last] })
    const result = await bench.server.send(work.parent().with({ onSuccess: [callback] }))
    expect(await bench.settled(result.get())).toBe(1)
    await bench.clock.advance(1_000)
    for (const uuid of [callback.uuid, last.uuid])
      expect(await bench.state(uuid)).toMatchObject({
        state: 'FAILURE',
        error: 'Publish message error: nothing can go there',
      })
    expect(await bench.server.queueStats()).toMatchObject(STATS_EMPTY)
  })

  it('ends a task in FAILURE whose retry has no way to wait', async () => {
    const work = workload()
    await using bench = await openBench({
      path,
      tasks: work.tasks,
      wrap: refusing((_queue, delayMs) => delayMs > 0),
    })
    await bench.startWorker()
    const result = await bench.server.send(work.flaky().with({ retryCount: 5 }))
    await expect(bench.settled(result.get())).rejects.toThrow('Publish message error: nothing can go there')
    expect(await bench.server.queueStats()).toMatchObject(STATS_EMPTY)
  })
})
