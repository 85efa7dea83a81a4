import { describe, expect, it } from 'vitest'
import { withMessage } from '../../../src/core/message.ts'
import type { Message } from '../../../src/core/message.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/core/wire/limits.ts'
import { contract } from '../../../src/task/contract.ts'
import { task } from '../../../src/task/task.ts'
import { signature } from '../../../src/task/untyped-signature.ts'
import { int64 } from '../../../src/core/arg-types/index.ts'
import { openBench, QUEUE, STORE_PATHS } from '../../support/builders.ts'

const echo = task('echo', (value: unknown) => value)

describe.each(STORE_PATHS)('send over %s', (path) => {
  it('publishes to the default queue, or the one that the task or the signature names', async () => {
    const placed = task('placed', () => {}, { queue: 'of-the-task' })
    await using bench = await openBench({ path, server: { defaultQueue: 'mine' } })
    await bench.server.send(echo(1))
    await bench.server.send(placed())
    await bench.server.send(placed().with({ routingKey: 'of-the-call' }))
    const queues = [undefined, 'of-the-task', 'of-the-call']
    const pending = await Promise.all(queues.map((queue) => bench.server.getPendingTasks(queue)))
    expect(pending.map((list) => list.map((message) => [message.name, message.routingKey]))).toEqual([
      [['echo', 'mine']],
      [['placed', 'of-the-task']],
      [['placed', 'of-the-call']],
    ])
  })

  it('holds a message back for its delay, or until its time, and carries the time on the wire', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    await bench.startWorker()
    const at = bench.clock.now()
    const relative = await bench.server.send(echo(1).with({ delayMs: 1_500 }))
    const absolute = await bench.server.send(echo(2).with({ eta: at + 2_500 }))
    const passed = await bench.server.send(echo(3).with({ eta: at - 2_500 }))
    const delayed = await bench.server.getDelayedTasks()
    expect(
      delayed.map(({ dueAt, message }) => [dueAt - at, Date.parse(message.eta) - at, message.delayNs]),
    ).toEqual([
      [1_500, 1_500, 0n],
      [2_500, 2_500, 0n],
    ])
    await bench.clock.settle()
    expect(await passed.state()).toMatchObject({ state: 'SUCCESS' })
    await bench.clock.advance(1_499)
    expect(await relative.state()).toMatchObject({ state: 'PENDING' })
    await bench.clock.advance(1)
    expect(await relative.state()).toMatchObject({ state: 'SUCCESS' })
    await bench.clock.advance(1_000)
    expect(await absolute.state()).toMatchObject({ state: 'SUCCESS' })
  })

  it('with a UUID that was sent before answers the existing run, whatever became of it', async () => {
    let runs = 0
    const count = task('count', () => ++runs)
    await using bench = await openBench({ path, tasks: [count] })
    const once = count().with({ uuid: 'import:2026-11-24' })
    await bench.server.send(once)
    const worker = await bench.startWorker({ concurrency: 1 })
    expect(await bench.settled((await bench.server.send(once)).get())).toBe(1)
    await bench.settled(worker.close())
    const before = (await bench.server.queueStats()).pending
    await bench.server.send(once)
    expect((await bench.server.queueStats()).pending).toBe(before)
    await bench.startWorker({ concurrency: 1 })
    const again = await bench.server.send(once)
    expect(await bench.settled(again.get())).toBe(1)
    await bench.clock.advance(10_000)
    // Over two ports both sends published: the handler may run twice, and one result counts.
    expect(runs).toBeLessThanOrEqual(path === 'one store' ? 1 : 2)
    expect(await bench.settled(again.get())).toBe(1)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0 })
  })

  it('with resend starts a new generation', async () => {
    let runs = 0
    const count = task('count', () => ++runs)
    await using bench = await openBench({ path, tasks: [count] })
    await bench.startWorker()
    const once = count().with({ uuid: 'fixed' })
    expect(await bench.settled((await bench.server.send(once)).get())).toBe(1)
    const again = await bench.server.send(once.with({ resend: true }))
    expect(await bench.settled(again.get())).toBe(2)
    expect(runs).toBe(2)
  })

  it('refuses arguments that a schema refuses, and stores nothing', async () => {
    const checked = task('checked', (value: number) => value, {
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value: unknown) =>
            (value as number[])[0] === 1
              ? { value: value as [number] }
              : { issues: [{ message: 'must be one' }] },
        },
      },
    })
    await using bench = await openBench({ path })
    const bad = checked(2)
    await expect(bench.server.send(bad)).rejects.toMatchObject({ code: 'ERR_ARGUMENTS_INVALID' })
    expect(await bench.state(bad.uuid)).toBeUndefined()
    await bench.server.send(checked(1))
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1 })
  })

  it('refuses a message that is too large for its readers, with both sizes', async () => {
    await using bench = await openBench({ path })
    const large = echo('x'.repeat(DEFAULT_WIRE_LIMITS.maxBytes))
    await expect(bench.server.send(large)).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
      message: expect.stringMatching(
        /^task echo makes a message of 5\d{5} bytes; the limit is 524288$/,
      ) as string,
    })
    expect(await bench.state(large.uuid)).toBeUndefined()
  })

  it('heeds limits of its own', async () => {
    await using bench = await openBench({ path, server: { limits: { maxBytes: 100, maxSignatureDepth: 2 } } })
    await expect(bench.server.send(echo('x'.repeat(100)))).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
    })
    const deep = signature('a', [], { onSuccess: [signature('b', [], { onSuccess: [signature('c')] })] })
    await expect(bench.server.send(deep)).rejects.toMatchObject({ code: 'ERR_WORKFLOW_TOO_LARGE' })
  })

  it('refuses what is no signature, and a handle that was not called', async () => {
    await using bench = await openBench({ path })
    const send = bench.server.send as (work: unknown) => Promise<unknown>
    await expect(send(5)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
    await expect(send(echo)).rejects.toThrow('echo(), the call of the task')
  })

  it('sends tasks that run elsewhere: contracts and untyped signatures', async () => {
    const foreign = contract('foreign', { args: [int64], returns: int64 })
    await using bench = await openBench({ path })
    await bench.server.send(foreign(1))
    await bench.server.send(signature('other', [1.5]))
    const pending = await bench.server.getPendingTasks()
    expect(pending.map(({ name, args }) => [name, args[0]?.type, args[0]?.value])).toEqual([
      ['foreign', 'int64', '1'],
      ['other', 'float64', '1.5'],
    ])
  })

  it('after the server was closed is refused', async () => {
    await using bench = await openBench({ path })
    await bench.settled(bench.server.close())
    await expect(bench.server.send(echo(1))).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe.each(STORE_PATHS)('sendMany over %s', (path) => {
  it('answers all handles in order', async () => {
    await using bench = await openBench({ path, tasks: [echo] })
    const sent = await bench.server.sendMany(Array.from({ length: 1_203 }, (_, index) => echo(index)))
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1_203 })
    await bench.startWorker()
    const values = await bench.settled(Promise.all(sent.map((result) => result.get())))
    expect(values).toEqual(Array.from({ length: 1_203 }, (_, index) => index))
    expect(await bench.server.sendMany([])).toEqual([])
  })

  it('tries all, then rejects with the first error', async () => {
    await using bench = await openBench({ path })
    const large = echo('x'.repeat(DEFAULT_WIRE_LIMITS.maxBytes))
    const rejected = bench.server.sendMany([echo(1), large, echo(2)])
    await expect(rejected).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE' })
    expect(await bench.server.queueStats()).toMatchObject({ pending: 2 })
  })
})

describe.each(STORE_PATHS)('beforePublish over %s', (path) => {
  it('may change a message, or leave it', async () => {
    const seen: string[] = []
    const tag = async (message: Message) => {
      seen.push(message.name)
      if (message.name === 'plain') return
      return withMessage(message, { headers: new Map([['tenant', '"blue"']]) })
    }
    await using bench = await openBench({ path, server: { beforePublish: tag } })
    await bench.server.send(signature('tagged'))
    await bench.server.send(signature('plain'))
    const pending = await bench.server.getPendingTasks()
    expect(pending.map((message) => message.headers?.get('tenant'))).toEqual(['"blue"', undefined])
    expect(seen).toEqual(['tagged', 'plain'])
  })

  it('may refuse the send; nothing is stored then', async () => {
    const veto = () => {
      throw new Error('not on Sundays')
    }
    await using bench = await openBench({ path, server: { beforePublish: veto } })
    const work = echo(1)
    await expect(bench.server.send(work)).rejects.toThrow('not on Sundays')
    expect(await bench.state(work.uuid)).toBeUndefined()
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0 })
  })

  it('may not change the UUID', async () => {
    const rename = (message: Message) => withMessage(message, { uuid: 'other' })
    await using bench = await openBench({ path, server: { beforePublish: rename } })
    const work = echo(1)
    await expect(bench.server.send(work)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: `beforePublish changed the UUID from ${work.uuid} to other; it must stay`,
    })
  })
})

describe('a publish that fails', () => {
  it('is told to the caller, and the same UUID can be sent again', async () => {
    await using bench = await openBench({ path: 'two ports', tasks: [echo] })
    bench.brokerFaults.down = true
    const work = echo(7)
    await expect(bench.server.send(work)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    bench.brokerFaults.down = false
    const result = await bench.server.send(work)
    await bench.startWorker()
    expect(await bench.settled(result.get())).toBe(7)
  })

  it.each(['stored', 'dropped'] as const)(
    'uncertainly (%s) says so, and is safe to repeat',
    async (uncertain) => {
      let runs = 0
      const count = task('count', () => ++runs)
      await using bench = await openBench({ path: 'two ports', tasks: [count] })
      bench.brokerFaults.uncertain = uncertain
      const work = count()
      await expect(bench.server.send(work)).rejects.toMatchObject({
        code: 'ERR_PUBLISH_UNCERTAIN',
        message: expect.stringMatching(/^Publish message error: /) as string,
      })
      bench.brokerFaults.uncertain = undefined
      const result = await bench.server.send(work)
      await bench.startWorker({ concurrency: 1 })
      expect(await bench.settled(result.get())).toBe(1)
      await bench.clock.advance(10_000)
      expect(runs).toBeLessThanOrEqual(uncertain === 'stored' ? 2 : 1)
      expect(await bench.settled(result.get())).toBe(1)
      expect(await bench.server.queueStats(QUEUE)).toMatchObject({ pending: 0, inFlight: 0 })
    },
  )

  it.each(STORE_PATHS)(
    'since the backend is down, over %s, is told to the caller; nothing was published',
    async (path) => {
      await using bench = await openBench({ path })
      bench.backendFaults.down = true
      await expect(bench.server.send(echo(1))).rejects.toThrow('connection lost')
      bench.backendFaults.down = false
      expect(await bench.server.queueStats()).toMatchObject({ pending: 0 })
    },
  )
})
