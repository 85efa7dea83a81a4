import { describe, expect, it } from 'vitest'
import { createServer, type CreateServerOptions } from '../../../src/app/create-server.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import { task } from '../../../src/task/task.ts'
import { contract } from '../../../src/task/contract.ts'
import { fakeClock } from '../../../src/testing/index.ts'

const echo = task('echo', (value: number) => value)

const wrong: readonly (readonly [options: unknown, code: string, text: string])[] = [
  [{}, 'ERR_OPTION_INVALID', 'broker is undefined; a URL or a port object is right'],
  [{ broker: null }, 'ERR_OPTION_INVALID', 'broker is null; a URL or a port object is right'],
  [{ broker: 5 }, 'ERR_OPTION_INVALID', 'broker is number; a URL or a port object is right'],
  [{ broker: {} }, 'ERR_OPTION_INVALID', 'broker is object; a URL or a port object is right'],
  [
    { broker: 'memory:', resultBackend: {} },
    'ERR_OPTION_INVALID',
    'resultBackend is object; a URL or a port',
  ],
  [{ broker: 'memory:', lock: null }, 'ERR_OPTION_INVALID', 'lock is null; a URL or a port object is right'],
  [
    { broker: 'memory:', defaultQueue: '' },
    'ERR_OPTION_INVALID',
    'defaultQueue is empty; a queue name is right',
  ],
  [
    { broker: 'memory:', resultsExpireInMs: 0 },
    'ERR_OPTION_INVALID',
    'resultsExpireInMs is 0; a number of ms above 0 is right',
  ],
  [
    { broker: 'memory:', wire: 'tiny' },
    'ERR_OPTION_INVALID',
    "wire is tiny; 'compact', 'full', 'full-upstream', 'full-fork' are right",
  ],
  [{ broker: 'memory:', limits: { maxBytes: 0 } }, 'ERR_OPTION_INVALID', 'maxBytes is 0'],
  [
    { broker: 'memory:', retries: 3 },
    'ERR_OPTION_INVALID',
    'createServer knows no option retries; it knows broker,',
  ],
  [{ broker: 'memory:', tasks: [() => 1] }, 'ERR_OPTION_INVALID', 'task is'],
  [
    { broker: 'memory:', tasks: [contract('add', { args: [] })] },
    'ERR_OPTION_INVALID',
    'contract add has no handler; the task that its implement() returns is right',
  ],
  [
    { broker: 'memory:', tasks: [echo, task('echo', () => 1)] },
    'ERR_TASK_DUPLICATE',
    'another task is registered as echo; a name of its own is right',
  ],
]

describe('createServer', () => {
  it.each(wrong)('%j is refused with %s', async (options, code, text) => {
    await expect(createServer(options as CreateServerOptions)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text) as string,
    })
  })

  it('names a scheme without a driver, the right ones, and no secret', async () => {
    const error = await createServer({ broker: 'kafka://me:secret@host' }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_DRIVER_UNKNOWN' })
    const { message } = error as Error
    expect(message).toContain('memory:, sqlite:')
    expect(message).not.toContain('secret')
    await expect(createServer({ broker: 'nothing' })).rejects.toMatchObject({ code: 'ERR_DRIVER_UNKNOWN' })
    await expect(createServer({ broker: 'constructor:x' })).rejects.toMatchObject({
      code: 'ERR_DRIVER_UNKNOWN',
    })
  })

  it('knows its tasks, and takes more later; the same handle may come again', async () => {
    await using server = await createServer({ broker: 'memory:', tasks: [echo] })
    const more = task('more', () => {})
    server.register(more, echo)
    expect(server.taskNames()).toEqual(['echo', 'more'])
    expect(() => server.register(task('more', () => {}))).toThrow(
      expect.objectContaining({ code: 'ERR_TASK_DUPLICATE' }) as Error,
    )
  })

  it('closes what it opened, and leaves open what was given', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const server = await createServer({
      broker: store.broker,
      resultBackend: store.backend,
      lock: store.lock,
      clock,
    })
    await server.close()
    await server.close()
    await expect(server.startWorker()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(await store.backend.tasks.get(['x'])).toEqual([undefined])
    expect(await store.lock.lock('key', BigInt(clock.now() + 1_000) * 1_000_000n)).toBe(true)
    await store.close()
  })

  it('works on the machine, start to end', async () => {
    await using server = await createServer({ broker: 'memory:', resultBackend: 'memory:', tasks: [echo] })
    await using worker = await server.startWorker({ concurrency: 10, noSignals: true })
    const result = await server.send(echo(2))
    expect(await result.get({ timeoutMs: 5_000 })).toBe(2)
    expect(worker.concurrency).toBe(10)
  })
})

describe('memory:', () => {
  const open = (broker: string, options: Partial<CreateServerOptions> = {}) =>
    createServer({ broker, resultBackend: broker, clock: fakeClock(), ...options })

  it.each(['memory:', 'memory://'])('%s is private to its server', async (url) => {
    await using one = await open(url)
    await using other = await open(url)
    const result = await one.send(echo(1))
    expect(await one.queueStats()).toMatchObject({ pending: 1 })
    expect(await other.queueStats()).toMatchObject({ pending: 0 })
    expect(await other.result(result.uuid).state()).toBeUndefined()
  })

  it.each([
    ['memory:shared', 'memory:shared'],
    ['memory:shared', 'memory://shared'],
    ['memory:shared', 'MEMORY:shared'],
  ])('%s and %s are one store in the process', async (first, second) => {
    const clock = fakeClock()
    await using sender = await open(first, { clock })
    await using receiver = await open(second, { clock, tasks: [echo] })
    await receiver.startWorker({ noSignals: true })
    const result = await sender.send(echo(1))
    await clock.settle()
    expect(await result.get()).toBe(1)
  })

  it('with other names are other stores', async () => {
    await using one = await open('memory:one')
    await using other = await open('memory:other')
    await one.send(echo(1))
    expect(await other.queueStats()).toMatchObject({ pending: 0 })
  })

  it('with a name lives as long as somebody has it open', async () => {
    const first = await open('memory:lasting')
    const second = await open('memory:lasting')
    await first.send(echo(1))
    await first.close()
    await second.send(echo(2))
    expect(await second.queueStats()).toMatchObject({ pending: 2 })
    await second.close()
    await using third = await open('memory:lasting')
    expect(await third.queueStats()).toMatchObject({ pending: 0 })
  })

  it('may be broker and backend under two names', async () => {
    const clock = fakeClock()
    await using server = await createServer({
      broker: 'memory:messages',
      resultBackend: 'memory:results',
      clock,
      tasks: [echo],
    })
    await server.startWorker({ noSignals: true })
    const result = await server.send(echo(1))
    await clock.settle()
    expect(await result.get()).toBe(1)
  })
})

describe('no backend', () => {
  it.each([undefined, null, 'null', 'null:'])('is what resultBackend %s means', async (resultBackend) => {
    const clock = fakeClock()
    await using server = await createServer({
      broker: 'memory:',
      clock,
      ...(resultBackend === undefined ? {} : { resultBackend }),
    })
    const result = await server.send(echo(1))
    await expect(result.get()).rejects.toMatchObject({
      code: 'ERR_BACKEND_REQUIRED',
      message: 'Result backend not configured',
    })
  })
})
