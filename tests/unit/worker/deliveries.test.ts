import { describe, expect, it } from 'vitest'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import {
  type Bench,
  type Gate,
  gate,
  openBench,
  QUEUE,
  STORE_PATHS,
  type StorePath,
} from '../../support/builders.ts'
import { memoryFaults } from '../../../src/testing/index.ts'

/** A task whose runs are counted, and which wait for a gate. */
function slowTask(): {
  readonly slow: ReturnType<typeof makeSlow>
  readonly runs: Gate[]
  readonly attempts: number[]
} {
  const runs: Gate[] = []
  const attempts: number[] = []
  return { slow: makeSlow(runs, attempts), runs, attempts }
}

function makeSlow(runs: Gate[], attempts: number[]) {
  return task('slow', async () => {
    const own = gate()
    runs.push(own)
    attempts.push(currentTask().attempt)
    await own.opened
    return `run ${runs.indexOf(own) + 1}`
  })
}

const after = task('after', (text: string) => `after ${text}`)

async function loseLeases(bench: Bench): Promise<void> {
  const faults = memoryFaults(bench.store)
  faults.loseLease(faults.held())
  await bench.clock.settle()
}

describe.each(STORE_PATHS)('a message that is delivered again, over %s', (path) => {
  it('after its worker died runs again under a new attempt number', async () => {
    const { slow, runs, attempts } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker()
    const result = await bench.server.send(slow())
    await bench.clock.settle()
    bench.kill()
    const second = await bench.newProcess([slow])
    await second.startWorker()
    await bench.clock.settle()
    expect(attempts).toEqual([1, 2])
    runs[0]?.open()
    await bench.clock.settle()
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'STARTED' })
    runs[1]?.open()
    const handle = second.server.result(result.uuid)
    expect(await bench.settled(handle.get())).toBe('run 2')
  })

  it('over and over, since it kills its worker, becomes a dead letter, with FAILURE downstream', async () => {
    const { slow, attempts } = slowTask()
    const note = task('note', (error: string) => error)
    await using bench = await openBench({ path, tasks: [slow, note] })
    const next = after()
    const onError = note()
    const result = await bench.server.send(
      slow().with({ onSuccess: [next], onError: [onError], retryCount: 5 }),
    )
    for (let death = 0; death < 3; death++) {
      const process = await bench.newProcess([slow, note])
      await process.startWorker({ maxDeliveries: 3 })
      await bench.clock.settle()
      process.kill()
    }
    expect(attempts).toEqual([1, 2, 3])
    await bench.startWorker({ maxDeliveries: 3 })
    await bench.clock.settle()
    const reason = 'delivered 4 times without an end; maxDeliveries is 3'
    expect(await bench.dead()).toMatchObject([{ reason, deliveryCount: 3 }])
    expect(await bench.state(result.uuid)).toMatchObject({
      state: 'FAILURE',
      error: reason,
      taskName: 'slow',
    })
    expect((await bench.state(next.uuid))?.error).toBe(`upstream ${result.uuid} failed: ${reason}`)
    expect(await bench.state(onError.uuid)).toMatchObject({ results: [{ value: JSON.stringify(reason) }] })
  })

  it('when it has ended already is not run: its hand-off is repeated, then it is acknowledged', async () => {
    let runs = 0
    const once = task('once', () => ++runs)
    const count = task('count', (value: number) => value)
    await using bench = await openBench({ path, tasks: [once, count] })
    const next = count()
    const signature = once().with({ onSuccess: [next] })
    const result = await bench.server.send(signature)
    const [body] = (await bench.store.broker.inspector?.pending(QUEUE, { offset: 0, limit: 1 })) ?? []
    await bench.startWorker()
    expect(await bench.settled(result.get())).toBe(1)
    await bench.settled(bench.server.result(next.uuid).get())
    // As if the worker had died between the commit and the hand-off.
    await bench.server.purgeResults([next.uuid])
    await bench.publish(body ?? new Uint8Array())
    await bench.clock.settle()
    expect(runs).toBe(1)
    expect(await bench.settled(bench.server.result(next.uuid).get())).toBe(1)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
  })

  it('after a retry was recorded publishes the recorded bytes and does not run', async () => {
    let runs = 0
    const flaky = task('flaky', () => {
      runs += 1
      throw new Error('no luck')
    })
    await using bench = await openBench({ path, tasks: [flaky] })
    const result = await bench.server.send(flaky().with({ retryCount: 1 }))
    const [body] = (await bench.store.broker.inspector?.pending(QUEUE, { offset: 0, limit: 1 })) ?? []
    await bench.startWorker()
    await bench.clock.advance(400)
    await bench.publish(body ?? new Uint8Array())
    await bench.clock.settle()
    expect(runs).toBe(1)
    const delayed = await bench.server.getDelayedTasks()
    expect(delayed.map(({ dueAt }) => dueAt - bench.clock.now())).toEqual([600, 600])
    await bench.clock.advance(60_000)
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'FAILURE' })
  })

  it('is committed once when two copies run at the same time', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker()
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.settle()
    expect(runs).toHaveLength(2)
    runs[1]?.open()
    await bench.clock.settle()
    runs[0]?.open()
    await bench.clock.settle()
    const winner = await bench.state('twice')
    expect(winner?.state).toBe('SUCCESS')
    await bench.clock.advance(10_000)
    expect(await bench.state('twice')).toEqual(winner)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
  })
})

describe.each(STORE_PATHS)('a lease that is lost, over %s', (path) => {
  it('aborts the handler; whoever has the message now commits, and each run happens once', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker({ concurrency: 4 })
    const result = await bench.server.send(slow())
    await bench.clock.advance(10_000)
    await loseLeases(bench)
    expect(runs).toHaveLength(2)
    await bench.clock.advance(10_000)
    runs[0]?.open()
    // Much longer than a parked delivery waits: neither takes the task from the other.
    await bench.clock.advance(600_000)
    expect(runs).toHaveLength(2)
    runs[1]?.open()
    expect(await bench.settled(result.get())).toBe('run 2')
    await bench.clock.advance(600_000)
    expect(runs).toHaveLength(2)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
  })

  it('does not fail the task when the handler throws because of it', async () => {
    let runs = 0
    const careful = task('careful', async () => {
      runs += 1
      if (runs > 1) return 'second run'
      const { signal } = currentTask()
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
      return 'never'
    })
    let isOpen = true
    await using bench = await openBench({ path, tasks: [careful] })
    await bench.startWorker({ concurrency: 1, hooks: { beforeConsume: () => isOpen } })
    const result = await bench.server.send(careful())
    await bench.clock.advance(1_000)
    // Nobody has begun the message again when the handler throws.
    isOpen = false
    await loseLeases(bench)
    await bench.clock.advance(1_000)
    expect(await result.state()).toMatchObject({ state: 'STARTED' })
    isOpen = true
    expect(await bench.settled(result.get())).toBe('second run')
    expect(runs).toBe(2)
  })
})

describe.each<StorePath>(['two ports'])('a delivery whose task another run owns, over %s', (path) => {
  it('is kept, looked at again, and acknowledged when the other has ended', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker()
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.advance(100)
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.settle()
    runs[0]?.open()
    await bench.clock.advance(30_000)
    // The first copy was fenced by the second one, and waits for it.
    expect(await bench.state('twice')).toMatchObject({ state: 'STARTED' })
    expect(await bench.server.queueStats()).toMatchObject({ inFlight: 2 })
    runs[1]?.open()
    await bench.clock.advance(60_000)
    expect(runs).toHaveLength(2)
    expect(await bench.state('twice')).toMatchObject({ results: [{ value: '"run 2"' }] })
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })

  it('is run in the end when the other seems dead', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker()
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.settle()
    const other = {
      uuid: 'twice',
      taskName: '',
      expiresInMs: 1_000,
      token: 'gone',
      digest: 'x',
      ifFirst: false,
    }
    await bench.backend.tasks.begin([other])
    runs[0]?.open()
    await bench.clock.advance(200_000)
    expect(runs).toHaveLength(2)
    runs[1]?.open()
    await bench.clock.settle()
    expect(await bench.state('twice')).toMatchObject({ state: 'SUCCESS' })
  })

  it('is looked at until the backend answers', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker()
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.advance(100)
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.settle()
    runs[0]?.open()
    runs[1]?.open()
    await bench.clock.settle()
    expect(await bench.server.queueStats()).toMatchObject({ inFlight: 1 })
    bench.backendFaults.down = true
    await bench.clock.advance(30_000)
    expect(await bench.server.queueStats()).toMatchObject({ inFlight: 1 })
    bench.backendFaults.down = false
    await bench.clock.advance(10_000)
    expect(await bench.server.queueStats()).toMatchObject({ inFlight: 0, pending: 0 })
    expect(runs).toHaveLength(2)
  })

  it('returns to the queue when the worker closes meanwhile, and leaves no timer', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    const worker = await bench.startWorker()
    await bench.publish({ uuid: 'twice', name: 'slow' })
    await bench.clock.settle()
    const other = {
      uuid: 'twice',
      taskName: '',
      expiresInMs: 1_000,
      token: 'alive',
      digest: 'x',
      ifFirst: false,
    }
    await bench.backend.tasks.begin([other])
    runs[0]?.open()
    await bench.clock.settle()
    await bench.settled(worker.close())
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
    expect(bench.clock.pendingTimers).toBe(0)
  })
})

describe.each(STORE_PATHS)('a task that is cancelled before it begins, over %s', (path) => {
  it('does not run, and ends everything downstream', async () => {
    let runs = 0
    const work = task('work', () => ++runs)
    const count = task('count', (value: number) => value)
    const note = task('note', (error: string) => error)
    await using bench = await openBench({ path, tasks: [work, count, note] })
    const next = count()
    const onError = note()
    const result = await bench.server.send(
      work().with({ delayMs: 1_000, onSuccess: [next], onError: [onError] }),
    )
    expect(await result.cancel('not wanted')).toBe(true)
    expect(await result.cancel('again')).toBe(false)
    await bench.startWorker()
    await bench.clock.advance(1_000)
    expect(runs).toBe(0)
    await expect(result.get()).rejects.toMatchObject({
      code: 'ERR_TASK_CANCELLED',
      message: 'cancelled: not wanted',
    })
    expect((await bench.state(next.uuid))?.error).toBe(
      `upstream ${result.uuid} failed: cancelled: not wanted`,
    )
    expect((await bench.state(onError.uuid))?.results).toMatchObject([{ value: '"cancelled: not wanted"' }])
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, delayed: 0, inFlight: 0 })
  })

  it('is not cancelled any more when it has ended', async () => {
    const { slow, runs } = slowTask()
    await using bench = await openBench({ path, tasks: [slow] })
    await bench.startWorker()
    const result = await bench.server.send(slow())
    await bench.clock.settle()
    runs[0]?.open()
    expect(await bench.settled(result.get())).toBe('run 1')
    expect(await result.cancel()).toBe(false)
    expect(await result.state()).toMatchObject({ state: 'SUCCESS' })
  })

  it('does not run again when it waits for a retry', async () => {
    let runs = 0
    const flaky = task('flaky', () => {
      runs += 1
      throw new Error('no luck')
    })
    await using bench = await openBench({ path, tasks: [flaky] })
    await bench.startWorker()
    const result = await bench.server.send(flaky().with({ retryCount: 3 }))
    await bench.clock.settle()
    expect(await result.cancel()).toBe(true)
    await bench.clock.advance(60_000)
    expect(runs).toBe(1)
  })
})
