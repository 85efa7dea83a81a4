import { describe, expect, it } from 'vitest'
import { createServer, type CreateServerOptions } from '../../../src/app/create-server.ts'
import { retryIn } from '../../../src/core/outcome.ts'
import { task } from '../../../src/task/task.ts'
import { signature } from '../../../src/task/untyped-signature.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { currentTask } from '../../../src/worker/current-task.ts'

const add = task('add', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))

const modes: readonly (readonly [string, Pick<CreateServerOptions, 'broker' | 'eager'>])[] = [
  ['eager: true', { broker: 'memory:', eager: true }],
  ['the URL eager', { broker: 'eager' }],
  ['the URL eager:', { broker: 'eager:' }],
]

describe.each(modes)('with %s', (_name, mode) => {
  const open = (options: Partial<CreateServerOptions>) =>
    createServer({ ...mode, clock: fakeClock(), ...options })

  it('send resolves when the task has run', async () => {
    await using server = await open({ tasks: [add] })
    const result = await server.send(add(1, 2))
    expect(await result.state()).toMatchObject({ state: 'SUCCESS' })
    expect(await result.get()).toBe(3)
  })
})

describe('the eager mode', () => {
  const open = (options: Partial<CreateServerOptions>) =>
    createServer({ broker: 'eager', clock: fakeClock(), ...options })

  it('runs callbacks, retries and delays at once, whatever queue they name', async () => {
    const seen: unknown[] = []
    const flaky = task('flaky', () => {
      seen.push('try')
      if (seen.length < 3) throw new Error('not yet')
      return 7
    })
    const note = task('note', (value: number) => void seen.push(value))
    await using server = await open({ tasks: [flaky, note] })
    await server.send(
      flaky().with({
        retryCount: 5,
        delayMs: 60_000,
        routingKey: 'elsewhere',
        onSuccess: [note().with({ delayMs: 60_000, routingKey: 'there' })],
      }),
    )
    expect(seen).toEqual(['try', 'try', 'try', 7])
  })

  it('takes reports of progress, and obeys no pauses', async () => {
    const report = task('report', () => currentTask().progress(0.5))
    await using server = await open({ tasks: [report] })
    await server.tasks.pause('report')
    await server.queues.pause('machinery_tasks')
    expect(await (await server.send(report())).state()).toMatchObject({ state: 'SUCCESS' })
    expect(await server.workers.list()).toEqual([])
  })

  it('repeats what retryIn asks for, without a wait', async () => {
    let runs = 0
    const poll = task('poll', () => {
      runs += 1
      if (runs < 4) throw retryIn(1_000)
      return runs
    })
    await using server = await open({ tasks: [poll] })
    expect(await (await server.send(poll())).get()).toBe(4)
  })

  it('does not make send fail when the task does', async () => {
    const fail = task('fail', () => {
      throw new Error('broken')
    })
    await using server = await open({ tasks: [fail] })
    const result = await server.send(fail())
    await expect(result.get()).rejects.toMatchObject({ code: 'ERR_TASK_FAILED', message: 'broken' })
  })

  it('fails a task that is not registered, so that nothing waits for ever', async () => {
    await using server = await open({})
    const result = await server.send(signature('nobody'))
    await expect(result.get()).rejects.toThrow('Task not registered error: nobody')
  })

  it('sends many', async () => {
    await using server = await open({ tasks: [add] })
    const sent = await server.sendMany([add(1), add(2), add(3)])
    expect(await Promise.all(sent.map(async (result) => (await result.state())?.state))).toEqual([
      'SUCCESS',
      'SUCCESS',
      'SUCCESS',
    ])
  })

  it('lets a handler send, and wait for what it sent', async () => {
    const outer = task('outer', async () => {
      const inner = await server.send(add(20, 22))
      return inner.get()
    })
    const forgetful = task('forgetful', async () => {
      const [inner] = await server.sendMany([add(1, 1)])
      return inner.uuid
    })
    await using server = await open({ tasks: [outer, forgetful, add] })
    expect(await (await server.send(outer())).get()).toBe(42)
    const uuid = await (await server.send(forgetful())).get()
    expect(await server.result(uuid).state()).toMatchObject({ state: 'SUCCESS' })
  })

  it('needs no backend, lock or URL besides, and takes those of Go', async () => {
    await using server = await open({ tasks: [add], resultBackend: 'eager', lock: 'eager' })
    expect(await (await server.send(add(1))).get()).toBe(1)
  })

  it('is also a backend and a lock for a broker of another kind', async () => {
    const clock = fakeClock()
    await using server = await createServer({
      broker: 'memory:mixed',
      resultBackend: 'eager',
      lock: 'eager',
      clock,
      tasks: [add],
    })
    await server.startWorker({ noSignals: true })
    const result = await server.send(add(1, 2))
    await clock.settle()
    expect(await result.get()).toBe(3)
  })
})
