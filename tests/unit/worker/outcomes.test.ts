import { describe, expect, it } from 'vitest'
import { int64 } from '../../../src/core/arg-types/index.ts'
import { reject } from '../../../src/core/outcome.ts'
import { contract } from '../../../src/task/contract.ts'
import { results } from '../../../src/task/results.ts'
import { task } from '../../../src/task/task.ts'
import { signature, typed } from '../../../src/task/untyped-signature.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'

const add = contract('add', { args: [int64, int64], returns: int64 }).implement((a, b) => a + b)
const fail = task('fail', (text: string) => {
  throw new Error(text)
})

describe.each(STORE_PATHS)('a run over %s', (path) => {
  it('goes from PENDING over STARTED to SUCCESS, and keeps when it was made', async () => {
    const { opened, open } = gate()
    const wait = task('wait', async () => {
      await opened
      return 'done'
    })
    await using bench = await openBench({ path, tasks: [wait] })
    const sentAt = new Date(bench.clock.now()).toISOString()
    const result = await bench.server.send(wait())
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'PENDING', taskName: 'wait' })
    await bench.clock.advance(5)
    await bench.startWorker()
    await bench.clock.settle()
    expect(await bench.state(result.uuid)).toMatchObject({ state: 'STARTED', taskName: 'wait' })
    open()
    await bench.clock.settle()
    const state = await bench.state(result.uuid)
    expect(state).toMatchObject({
      state: 'SUCCESS',
      taskName: 'wait',
      results: [{ type: 'string', value: '"done"' }],
    })
    expect(new Date(state?.createdAt ?? '').toISOString()).toBe(sentAt)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
  })

  it('stores several results, and none', async () => {
    const divide = task('divide', (a: number, b: number) => results(Math.floor(a / b), a % b))
    const nothing = task('nothing', () => {})
    await using bench = await openBench({ path, tasks: [divide, nothing] })
    await bench.startWorker()
    const both = await bench.server.send(divide(7, 2))
    const none = await bench.server.send(nothing())
    expect(await bench.settled(both.get())).toEqual([3, 1])
    expect(await bench.settled(none.get())).toBeUndefined()
    expect((await bench.state(none.uuid))?.results).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['an Error', new Error('broken'), 'broken'],
    ['a text', 'just text', 'just text'],
    ['something else', { odd: true }, 'Invoking task caused a panic'],
    ['nothing', undefined, 'Invoking task caused a panic'],
  ])('that throws %s ends in FAILURE with its text, and is logged', async (_name, thrown, text) => {
    const work = task('work', () => {
      throw thrown
    })
    await using bench = await openBench({ path, tasks: [work] })
    await bench.startWorker()
    const result = await bench.server.send(work())
    await expect(bench.settled(result.get())).rejects.toMatchObject({
      code: 'ERR_TASK_FAILED',
      message: text,
    })
    expect(bench.logs.filter((line) => line.level === 'error')).toMatchObject([
      {
        message: 'task failed',
        fields: { uuid: result.uuid, task: 'work', queue: 'machinery_tasks', attempt: 1 },
      },
    ])
    expect(await bench.dead()).toEqual([])
  })

  it('logs nothing above debug when it goes well', async () => {
    await using bench = await openBench({ path, tasks: [add] })
    await bench.startWorker()
    const before = bench.logs.length
    const result = await bench.server.send(add(1, 2))
    expect(await bench.settled(result.get())).toBe(3)
    expect(bench.logs.slice(before).filter((line) => line.level !== 'debug')).toEqual([])
  })

  it.each<[string, readonly unknown[], string]>([
    ['a wrong type', [typed('string', 'x'), 2], 'reflect: Call using string as type int64'],
    ['too few', [1], 'reflect: Call with too few input arguments'],
    ['too many', [1, 2, 3], 'reflect: Call with too many input arguments'],
  ])(
    'with arguments that do not fit (%s) fails without retries and without the handler',
    async (_name, args, text) => {
      await using bench = await openBench({ path, tasks: [add] })
      await bench.startWorker()
      const bad = signature('add', args, { retryCount: 3, stopTaskDeletionOnError: true })
      const result = await bench.server.send(bad)
      await expect(bench.settled(result.get())).rejects.toThrow(`Reflect task args error: ${text}`)
      expect(await bench.server.getDelayedTasks()).toEqual([])
      // Go ignores StopTaskDeletionOnError here.
      expect(await bench.dead()).toEqual([])
    },
  )

  it('with a type that nobody knows fails with the text of Go', async () => {
    await using bench = await openBench({ path, tasks: [add] })
    await bench.startWorker()
    await bench.publish({
      uuid: 'odd',
      name: 'add',
      args: [
        { name: '', type: 'complex64', value: '1' },
        { name: '', type: 'int64', value: '1' },
      ],
    })
    await bench.clock.settle()
    expect(await bench.state('odd')).toMatchObject({
      state: 'FAILURE',
      error: expect.stringContaining('complex64 is not one of supported types') as string,
    })
  })

  it('whose result does not fit the contract fails, without retries', async () => {
    const lying = contract('lying', { args: [], returns: int64 }).implement(() => 'text' as unknown as number)
    await using bench = await openBench({ path, tasks: [lying] })
    await bench.startWorker()
    const result = await bench.server.send(lying().with({ retryCount: 3 }))
    await expect(bench.settled(result.get())).rejects.toThrow('task lying returned "text"; its type is int64')
  })

  it('that is rejected ends in FAILURE without retries, and its message is a dead letter; no error handler hears of it', async () => {
    const errors: unknown[] = []
    const picky = task('picky', () => {
      throw reject('not for me')
    })
    await using bench = await openBench({ path, tasks: [picky] })
    await bench.startWorker({ hooks: { taskError: (error) => void errors.push(error) } })
    const result = await bench.server.send(picky().with({ retryCount: 3 }))
    await expect(bench.settled(result.get())).rejects.toThrow('not for me')
    expect(await bench.dead()).toMatchObject([{ reason: 'rejected: not for me' }])
    expect(errors).toEqual([])
    expect(bench.logs.find((line) => line.message === 'task rejected')?.level).toBe('info')
  })

  it('with StopTaskDeletionOnError keeps its message as a dead letter, byte for byte', async () => {
    await using bench = await openBench({ path, tasks: [fail] })
    const result = await bench.server.send(fail('broken').with({ stopTaskDeletionOnError: true }))
    const [sent] =
      (await bench.store.broker.inspector?.pending('machinery_tasks', { offset: 0, limit: 1 })) ?? []
    await bench.startWorker()
    await expect(bench.settled(result.get())).rejects.toThrow('broken')
    const [letter] = await bench.dead()
    expect(letter?.reason).toBe('failed: broken')
    expect(Buffer.from(letter?.body ?? []).toString()).toBe(Buffer.from(sent ?? []).toString())
  })

  it('with StopTaskDeletionOnError uses its retries first', async () => {
    await using bench = await openBench({ path, tasks: [fail] })
    await bench.startWorker()
    const result = await bench.server.send(
      fail('broken').with({ stopTaskDeletionOnError: true, retryCount: 1 }),
    )
    await bench.clock.settle()
    expect(await bench.dead()).toEqual([])
    await expect(bench.settled(result.get())).rejects.toThrow('broken')
    expect(await bench.dead()).toHaveLength(1)
  })

  it('that failed for good, in whatever way, is a dead letter with deadLetterFailures', async () => {
    const slow = task('slow', (_done: string) => opened, { hardLimitMs: 100 })
    const { opened, open } = gate()
    await using bench = await openBench({ path, tasks: [add, fail, slow] })
    await bench.startWorker({ deadLetterFailures: true })
    await bench.server.send(add(1, 2))
    await bench.server.send(fail('broken'))
    await bench.server.send(signature('add', [1]))
    await bench.server.send(slow('x'))
    await bench.clock.advance(100)
    open()
    expect((await bench.dead()).map((letter) => letter.reason)).toEqual([
      'failed: broken',
      'failed: Reflect task args error: reflect: Call with too few input arguments',
      'failed: task slow passed its hard limit of 100 ms',
    ])
  })

  it('without a UUID, from a foreign producer, happens and stores nothing', async () => {
    const seen: number[] = []
    const note = task('note', (value: number) => void seen.push(value))
    await using bench = await openBench({ path, tasks: [note] })
    await bench.startWorker()
    await bench.publish(Buffer.from('{"Name":"note","Args":[{"Type":"int64","Value":5}]}'))
    await bench.clock.settle()
    expect(seen).toEqual([5])
    expect(await bench.state('')).toBeUndefined()
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
  })
})

describe('without a backend', () => {
  it('tasks, retries and callbacks run; results cannot be asked for', async () => {
    const seen: unknown[] = []
    const flaky = task('flaky', () => {
      seen.push('try')
      if (seen.length < 2) throw new Error('once')
      return 7
    })
    const note = task('note', (value: number) => void seen.push(value))
    await using bench = await openBench({ withBackend: false, tasks: [flaky, note] })
    await bench.startWorker()
    const result = await bench.server.send(flaky().with({ retryCount: 1, onSuccess: [note()] }))
    await bench.clock.advance(1_000)
    expect(seen).toEqual(['try', 'try', 7])
    for (const call of [
      result.get(),
      result.state(),
      result.cancel(),
      result.watch()[Symbol.asyncIterator]().next(),
    ])
      await expect(call).rejects.toMatchObject({ code: 'ERR_BACKEND_REQUIRED' })
    await expect(bench.server.purgeResults(['x'])).rejects.toMatchObject({ code: 'ERR_BACKEND_REQUIRED' })
  })
})
