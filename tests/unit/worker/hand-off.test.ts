import { describe, expect, it } from 'vitest'
import type { Arg, Message } from '../../../src/core/message.ts'
import { EMPTY_MESSAGE } from '../../../src/core/message.ts'
import { results } from '../../../src/task/results.ts'
import { task } from '../../../src/task/task.ts'
import { type Bench, openBench, QUEUE, STORE_PATHS } from '../../support/builders.ts'

const sum = task('sum', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))
const list = task('list', (...values: unknown[]) => JSON.stringify(values))
const divide = task('divide', (a: number, b: number) => results(Math.floor(a / b), a % b))
const fail = task('fail', (text: string) => {
  throw new Error(text)
})
const tasks = [sum, list, divide, fail]

const int = (value: number): Arg => ({ name: '', type: 'int64', value: String(value) })
const text = (value: string): Arg => ({ name: '', type: 'string', value: JSON.stringify(value) })

const message = (uuid: string, name: string, changes: Partial<Message> = {}): Message => ({
  ...EMPTY_MESSAGE,
  uuid,
  name,
  ...changes,
})

const value = async (bench: Bench, uuid: string): Promise<string | undefined> => {
  const state = await bench.state(uuid)
  return state?.state === 'SUCCESS' ? JSON.parse(state.results[0]?.value ?? 'null') : state?.error
}

describe.each(STORE_PATHS)('what follows a task over %s', (path) => {
  it('gets all results after its own arguments, and runs in the order of the list', async () => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker({ concurrency: 1 })
    const first = message('first', 'list', { args: [text('a'), text('b')] })
    const second = message('second', 'list')
    await bench.publish(message('parent', 'divide', { args: [int(7), int(2)], onSuccess: [first, second] }))
    await bench.clock.settle()
    expect(await value(bench, 'first')).toBe('["a","b",3,1]')
    expect(await value(bench, 'second')).toBe('[3,1]')
  })

  it.each([
    [false, false, '[1,5]'],
    [true, false, '[1]'],
    // Only the parent is asked; the callback's own flag concerns what comes after it.
    [false, true, '[1,5]'],
    [true, true, '[1]'],
  ])('with Immutable %s on the parent and %s on the callback gets %s', async (parent, callback, args) => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker()
    const next = message('next', 'list', { args: [int(1)], immutable: callback })
    await bench.publish(message('parent', 'sum', { args: [int(5)], immutable: parent, onSuccess: [next] }))
    await bench.clock.settle()
    expect(await value(bench, 'next')).toBe(args)
  })

  it.each([false, true])('gets the error text first, with Immutable %s', async (immutable) => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker()
    const onError = message('error', 'list', { args: [int(1)] })
    const further = message('further', 'list')
    const next = message('next', 'sum', { onSuccess: [further] })
    await bench.publish(
      message('parent', 'fail', { args: [text('broken')], immutable, onError: [onError], onSuccess: [next] }),
    )
    await bench.clock.settle()
    expect(await value(bench, 'error')).toBe('["broken",1]')
    for (const uuid of ['next', 'further'])
      expect(await bench.state(uuid)).toMatchObject({
        state: 'FAILURE',
        error: 'upstream parent failed: broken',
      })
  })

  it('waits for the last attempt of a task that is retried', async () => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker()
    const onError = message('error', 'list')
    await bench.publish(
      message('parent', 'fail', { args: [text('broken')], retryCount: 2, onError: [onError] }),
    )
    await bench.clock.advance(2_999)
    expect(await bench.state('error')).toBeUndefined()
    await bench.clock.advance(1)
    expect(await value(bench, 'error')).toBe('["broken"]')
  })

  it('has the delay of the callback, from then on', async () => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker()
    const next = message('next', 'sum', { delayNs: 1_500_000_000n, routingKey: 'later' })
    await bench.publish(message('parent', 'sum', { args: [int(5)], onSuccess: [next] }))
    await bench.clock.settle()
    expect(await bench.state('next')).toMatchObject({ state: 'PENDING' })
    const [delayed] = await bench.server.getDelayedTasks()
    expect(delayed).toMatchObject({ queue: 'later', dueAt: bench.clock.now() + 1_500 })
    expect(delayed?.message.delayNs).toBe(0n)
  })

  it('is not sent again when it has gone further already', async () => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker()
    const next = message('next', 'sum')
    const parent = message('parent', 'sum', { args: [int(5)], onSuccess: [next] })
    await bench.publish(parent)
    await bench.clock.settle()
    const before = await bench.state('next')
    await bench.publish(parent)
    await bench.clock.settle()
    expect(await bench.state('next')).toEqual(before)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })

  it('is no more when a result makes it too large: it fails visibly', async () => {
    const big = task('big', () => 'x'.repeat(400_000))
    await using bench = await openBench({ path, tasks: [big, list] })
    await bench.startWorker()
    const next = message('next', 'list', {
      args: [text('y'.repeat(300_000))],
      onSuccess: [message('last', 'list')],
    })
    await bench.publish(Buffer.from(JSON.stringify({ UUID: 'parent', Name: 'big' })))
    await bench.clock.settle()
    await bench.publish(message('parent2', 'big', { onSuccess: [next] }))
    await bench.clock.settle()
    expect(await bench.state('parent2')).toMatchObject({ state: 'SUCCESS' })
    expect(await bench.state('next')).toMatchObject({ state: 'FAILURE' })
    expect(await bench.state('last')).toMatchObject({ state: 'FAILURE' })
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })
})

interface ChordOptions {
  readonly members: readonly (readonly [uuid: string, name: string, args: readonly Arg[]])[]
  readonly callback?: Partial<Message>
}

const chord = ({ members, callback = {} }: ChordOptions): Message[] => {
  const chordCallback = message('callback', 'list', callback)
  return members.map(([uuid, name, args]) =>
    message(uuid, name, { args, groupUuid: 'group', groupTaskCount: members.length, chordCallback }),
  )
}

const initGroup = (bench: Bench, uuids: readonly string[]): Promise<void> =>
  bench.backend.groups.init([{ groupUuid: 'group', taskUuids: uuids, createdAt: '', expiresInMs: 1_000 }])

describe.each(STORE_PATHS)('a chord over %s', (path) => {
  it('calls back once, with the results in the order of the group, whatever the order of the ends', async () => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker({ concurrency: 1 })
    const members = chord({
      members: [
        ['a', 'sum', [int(1)]],
        ['b', 'divide', [int(7), int(2)]],
        ['c', 'sum', [int(3)]],
      ],
      callback: { args: [text('own')] },
    })
    await initGroup(bench, ['a', 'b', 'c'])
    for (const member of members.toReversed()) {
      await bench.publish(member)
      await bench.clock.settle()
    }
    expect(await value(bench, 'callback')).toBe('["own",1,3,1,3]')
    expect((await bench.backend.groups.get(['group']))[0]?.triggered).toBe(true)
    for (const member of members) await bench.publish(member)
    await bench.clock.settle()
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })

  it('gives an immutable callback nothing', async () => {
    await using bench = await openBench({ path, tasks })
    await bench.startWorker()
    for (const member of chord({
      members: [['a', 'sum', [int(1)]]],
      callback: { immutable: true, args: [int(9)] },
    }))
      await bench.publish(member)
    await bench.clock.settle()
    expect(await value(bench, 'callback')).toBe('[9]')
  })

  const orders = [
    ['bad', 'a', 'b'],
    ['a', 'bad', 'b'],
    ['a', 'b', 'bad'],
  ]

  it.each(orders)(
    'with a failed member (%s, %s, %s) fails its callback and what follows it',
    async (...order) => {
      await using bench = await openBench({ path, tasks })
      await bench.startWorker({ concurrency: 1 })
      const members = chord({
        members: [
          ['a', 'sum', [int(1)]],
          ['bad', 'fail', [text('broken')]],
          ['b', 'sum', [int(2)]],
        ],
        callback: { onSuccess: [message('last', 'list')] },
      })
      await initGroup(bench, ['a', 'bad', 'b'])
      for (const uuid of order) {
        await bench.publish(members.find((member) => member.uuid === uuid) as Message)
        await bench.clock.settle()
      }
      for (const uuid of ['callback', 'last'])
        expect(await bench.state(uuid)).toMatchObject({
          state: 'FAILURE',
          error: 'upstream bad failed: broken',
        })
      expect((await bench.backend.groups.get(['group']))[0]?.triggered).toBe(true)
      expect(await bench.server.queueStats(QUEUE)).toMatchObject({ pending: 0, inFlight: 0 })
    },
  )

  it('waits for a member that is retried, and is not triggered before', async () => {
    let tries = 0
    const flaky = task('flaky', () => {
      tries += 1
      if (tries === 1) throw new Error('once')
      return 10
    })
    await using bench = await openBench({ path, tasks: [...tasks, flaky] })
    await bench.startWorker()
    const members = chord({
      members: [
        ['a', 'sum', [int(1)]],
        ['b', 'flaky', []],
      ],
    })
    await initGroup(bench, ['a', 'b'])
    for (const member of members) await bench.publish({ ...member, retryCount: 1 })
    await bench.clock.settle()
    expect(await bench.state('callback')).toBeUndefined()
    await bench.clock.advance(1_000)
    expect(await value(bench, 'callback')).toBe('[1,10]')
  })

  it('is repaired by a redrive of its failed member', async () => {
    let isFixed = false
    const fragile = task('fragile', () => {
      if (!isFixed) throw new Error('broken')
      return 5
    })
    await using bench = await openBench({ path, tasks: [...tasks, fragile] })
    await bench.startWorker({ deadLetterFailures: true })
    const members = chord({
      members: [
        ['a', 'sum', [int(1)]],
        ['b', 'fragile', []],
      ],
      callback: { onSuccess: [message('last', 'list')] },
    })
    await initGroup(bench, ['a', 'b'])
    for (const member of members) await bench.publish(member)
    await bench.clock.settle()
    expect(await bench.state('last')).toMatchObject({ state: 'FAILURE' })
    isFixed = true
    expect(await bench.server.redrive()).toBe(1)
    await bench.clock.settle()
    expect(await value(bench, 'callback')).toBe('[1,5]')
    expect(await value(bench, 'last')).toBe('["[1,5]"]')
  })
})
