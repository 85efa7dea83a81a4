import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../../src/core/errors.ts'
import { retryIn } from '../../../src/core/outcome.ts'
import { task } from '../../../src/task/task.ts'
import { currentTask } from '../../../src/worker/current-task.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { type Gate, gate, openBench, type PortWrapper, STORE_PATHS } from '../../support/builders.ts'

/** Longest time from a cancel to the abort: two looks. */
const WITHIN_MS = 2_000

/** A task that ends when its signal is aborted, and one that ends when the test says so. */
function cancellable() {
  const reasons: unknown[] = []
  const gates: Gate[] = []
  const listening = task('listening', async () => {
    const { signal } = currentTask()
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason)
        reject(signal.reason as Error)
      })
    })
  })
  const deaf = task('deaf', async (answer: string) => {
    const own = gate()
    gates.push(own)
    await own.opened
    if (answer === 'again') throw retryIn(10)
    if (answer === 'fail') throw new Error('no luck')
    return answer
  })
  return { listening, deaf, reasons, gates }
}

/** Remembers the UUIDs of each read of states. */
const recordingReads = (reads: (readonly string[])[]): PortWrapper => ({
  broker: (broker) => broker,
  backend: (backend) => ({
    ...backend,
    tasks: {
      ...backend.tasks,
      get: async (uuids) => {
        reads.push(uuids)
        return backend.tasks.get(uuids)
      },
    },
  }),
})

describe.each(STORE_PATHS)('a running task that is cancelled, over %s', (path) => {
  it('is aborted with a typed reason by its worker, whoever cancels it', async () => {
    const { listening, reasons } = cancellable()
    await using bench = await openBench({ path, tasks: [listening] })
    await bench.startWorker()
    const other = await bench.newProcess([])
    const result = await bench.server.send(listening().with({ retryCount: 3 }))
    await bench.clock.advance(3_000)
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'STARTED' })
    expect(await other.server.cancel(result.uuid, 'not wanted')).toBe(true)
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'FAILURE', error: 'cancelled: not wanted' })
    await bench.clock.advance(WITHIN_MS)
    expect(isMachineryError(reasons[0], 'ERR_TASK_CANCELLED')).toBe(true)
    expect(reasons).toMatchObject([{ message: 'cancelled: not wanted', details: { uuid: result.uuid } }])
    await expect(result.get()).rejects.toMatchObject({
      code: 'ERR_TASK_CANCELLED',
      message: 'cancelled: not wanted',
    })
    expect(await result.cancel()).toBe(false)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, delayed: 0, inFlight: 0, dead: 0 })
    expect(bench.logs.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
  })

  it.each(['an answer', 'fail', 'again'])(
    'stays cancelled when its handler goes on to %j',
    async (answer) => {
      const { deaf, gates } = cancellable()
      await using bench = await openBench({ path, tasks: [deaf] })
      await bench.startWorker()
      const result = await bench.server.send(deaf(answer).with({ retryCount: 3 }))
      await bench.clock.advance(1_000)
      await result.cancel('by test')
      await bench.clock.advance(WITHIN_MS)
      gates[0]?.open()
      await bench.clock.advance(60_000)
      expect(gates).toHaveLength(1)
      expect(await result.state()).toMatchObject({
        state: 'FAILURE',
        error: 'cancelled: by test',
        results: [],
      })
      expect(await bench.server.queueStats()).toMatchObject({ pending: 0, delayed: 0, inFlight: 0, dead: 0 })
    },
  )

  it('stays cancelled when its handler answers before the worker looks', async () => {
    const { deaf, gates } = cancellable()
    await using bench = await openBench({ path, tasks: [deaf] })
    await bench.startWorker()
    const result = await bench.server.send(deaf('an answer'))
    await bench.clock.settle()
    expect(await result.cancel('by test')).toBe(true)
    gates[0]?.open()
    await bench.clock.settle()
    expect(await result.state()).toMatchObject({ state: 'FAILURE', error: 'cancelled: by test' })
  })

  it('ends what follows it', async () => {
    const { listening, deaf } = cancellable()
    const first = listening()
    await using bench = await openBench({ path, tasks: [listening, deaf] })
    await bench.startWorker()
    const result = await bench.server.send(chain(first, deaf('next')))
    await bench.clock.advance(1_000)
    expect(await bench.server.cancel(first.uuid, 'by test')).toBe(true)
    await bench.clock.advance(WITHIN_MS)
    await expect(result.get()).rejects.toMatchObject({
      message: `upstream ${first.uuid} failed: cancelled: by test`,
    })
  })

  it('fails the chord that it is a member of', async () => {
    const { listening, deaf, gates } = cancellable()
    const member = listening()
    const gather = task('gather', (...values: string[]) => values)
    await using bench = await openBench({ path, tasks: [listening, deaf, gather] })
    await bench.startWorker()
    const result = await bench.server.send(chord([member, deaf('one')], gather()))
    await bench.clock.advance(1_000)
    await bench.server.cancel(member.uuid, 'by test')
    gates[0]?.open()
    await bench.clock.advance(WITHIN_MS)
    await expect(result.get()).rejects.toThrow('cancelled: by test')
  })

  it('is aborted also when it is cancelled as part of its workflow', async () => {
    const { listening, deaf, reasons } = cancellable()
    await using bench = await openBench({ path, tasks: [listening, deaf] })
    await bench.startWorker()
    const result = await bench.server.send(chain(listening(), deaf('next')))
    await bench.clock.advance(1_000)
    expect(await result.cancel('all of it')).toBe(true)
    await bench.clock.advance(WITHIN_MS)
    expect(reasons).toMatchObject([{ message: 'cancelled: all of it' }])
    const states = (await result.steps()).map(({ state }) => state?.error)
    expect(states).toEqual(['cancelled: all of it', 'cancelled: all of it'])
  })

  it('is told to hooks as a failure that no error handler sees', async () => {
    const { listening } = cancellable()
    const calls: string[] = []
    await using bench = await openBench({ path, tasks: [listening] })
    await bench.startWorker({
      hooks: {
        taskError: () => void calls.push('taskError'),
        taskRetry: () => void calls.push('taskRetry'),
        afterTask: (_, end) => void calls.push(`afterTask ${end}`),
      },
    })
    const result = await bench.server.send(listening().with({ retryCount: 1 }))
    await bench.clock.advance(1_000)
    await result.cancel()
    await bench.clock.advance(WITHIN_MS)
    expect(calls).toEqual(['afterTask failure'])
    expect(bench.logs.find(({ message }) => message === 'task cancelled')).toMatchObject({
      level: 'info',
      fields: { uuid: result.uuid, reason: 'cancelled: by the sender' },
    })
  })
})

describe('looking for cancelled tasks', () => {
  it('reads nothing for tasks that are shorter than the pause between two looks', async () => {
    const reads: (readonly string[])[] = []
    const short = task('short', () => 'done')
    await using bench = await openBench({
      tasks: [short],
      wrap: recordingReads(reads),
    })
    await bench.startWorker()
    for (let round = 0; round < 20; round++) {
      await bench.server.send(short())
      await bench.clock.advance(300)
    }
    // One for each claim.
    expect(reads).toHaveLength(20)
  })

  it('reads nothing for a task that one look finds, and the next one does not', async () => {
    const { deaf, gates } = cancellable()
    const reads: (readonly string[])[] = []
    await using bench = await openBench({
      tasks: [deaf],
      wrap: recordingReads(reads),
    })
    await bench.startWorker()
    await bench.server.send(deaf('an answer'))
    await bench.clock.advance(1_000)
    gates[0]?.open()
    await bench.clock.advance(5_000)
    expect(reads).toHaveLength(1)
  })

  it('reads all long ones at once, and goes on after an outage, told once', async () => {
    const { listening, reasons } = cancellable()
    await using bench = await openBench({ tasks: [listening] })
    await bench.startWorker({ concurrency: 30 })
    const sent = await bench.server.sendMany(Array.from({ length: 20 }, () => listening()))
    await bench.clock.advance(3_000)
    bench.backendFaults.down = true
    await bench.clock.advance(10_000)
    bench.backendFaults.down = false
    const troubles = bench.logs.filter(({ message }) => message.startsWith('remote control has trouble'))
    expect(troubles.map(({ fields }) => String(fields['what'])).toSorted()).toEqual([
      'cancelled tasks',
      'orders',
      'pauses',
      'registry',
    ])
    await Promise.all(sent.map((result) => result.cancel()))
    await bench.clock.advance(WITHIN_MS)
    expect(reasons).toHaveLength(20)
    expect(bench.logs.filter(({ message }) => message === 'remote control works again')).toHaveLength(4)
  })
})
