import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/core/ports/backend.ts'
import { task } from '../../../src/task/task.ts'
import { gate, openBench, STORE_PATHS } from '../../support/builders.ts'

const echo = task('echo', (value: number) => value)

/** A backend that cannot push: waiting is polling. */
const withoutWatch = (backend: Backend): Backend => {
  const { watch: _watch, ...rest } = backend
  return { ...rest, capabilities: { ...backend.capabilities, watch: false } }
}

const waits = [
  ['push', (backend: Backend) => backend],
  ['polling', withoutWatch],
] as const

describe.each(STORE_PATHS)('a result over %s', (path) => {
  it('is not thenable, and knows the UUID', async () => {
    await using bench = await openBench({ path })
    const work = echo(1)
    const result = await bench.server.send(work)
    expect(result.uuid).toBe(work.uuid)
    expect('then' in result).toBe(false)
  })

  it('shows the state now; undefined for a task that nobody knows', async () => {
    await using bench = await openBench({ path })
    const result = await bench.server.send(echo(1))
    expect(await result.state()).toMatchObject({ state: 'PENDING', taskName: 'echo' })
    expect(await bench.server.result('nobody').state()).toBeUndefined()
  })
})

describe.each(waits)('waiting by %s', (_name, backend) => {
  const wrap = { broker: <T>(broker: T) => broker, backend }

  it('ends as soon as the task has ended, also for a task sent elsewhere', async () => {
    const { opened, open } = gate()
    const work = task('work', async () => {
      await opened
      return 'done'
    })
    await using bench = await openBench({ tasks: [work], wrap })
    await bench.startWorker()
    const result = await bench.server.send(work())
    const other = await bench.newProcess([])
    const both = Promise.all([result.get(), other.server.result(result.uuid).get()])
    await bench.clock.advance(10_000)
    open()
    await bench.clock.settle()
    const endedAt = bench.clock.now()
    expect(await bench.settled(both)).toEqual(['done', 'done'])
    expect(bench.clock.now() - endedAt).toBeLessThanOrEqual(1_000)
  })

  it('shows each state once, until a terminal one', async () => {
    let runs = 0
    const { opened, open } = gate()
    const work = task('work', async () => {
      runs += 1
      if (runs === 1) throw new Error('once')
      await opened
      return 'done'
    })
    await using bench = await openBench({ tasks: [work], wrap })
    const result = await bench.server.send(work().with({ retryCount: 1 }))
    const seen: unknown[] = []
    const watching = (async () => {
      for await (const state of result.watch())
        seen.push(state.state, ...(state.error === '' ? [] : [state.error]))
    })()
    await bench.clock.advance(2_000)
    await bench.startWorker()
    await bench.clock.advance(5_000)
    open()
    await bench.settled(watching)
    expect(seen).toEqual(['PENDING', 'RETRY', 'once', 'STARTED', 'SUCCESS'])
  })

  it('times out with the text of Go, and can be tried again', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    const startedAt = bench.clock.now()
    await expect(bench.settled(result.get({ timeoutMs: 1_500 }))).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: `Timeout reached: task ${result.uuid} did not end within 1500 ms`,
    })
    expect(bench.clock.now() - startedAt).toBe(1_500)
    expect(bench.clock.pendingTimers).toBe(0)
    await bench.startWorker()
    expect(await bench.settled(result.get({ timeoutMs: 1_500 }))).toBe(1)
  })

  it('ends with the reason of its signal, at once when that is aborted already; the task goes on', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    const abort = new AbortController()
    const waiting = result.get({ signal: abort.signal })
    await bench.clock.advance(100)
    const reason = new Error('no longer interested')
    abort.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(result.get({ signal: abort.signal })).rejects.toBe(reason)
    await bench.startWorker()
    expect(await bench.settled(result.get())).toBe(1)
  })

  it('ends when the server is closed', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    const waiting = result.get()
    const ended = Promise.allSettled([waiting])
    await bench.clock.settle()
    await bench.settled(bench.server.close())
    expect(await ended).toMatchObject([{ reason: { code: 'ERR_CLOSED' } }])
    await expect(result.get()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('ends when the state is gone that was stored', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    const waiting = Promise.allSettled([result.get(), bench.server.result(result.uuid).get()])
    await bench.clock.settle()
    await bench.server.purgeResults([result.uuid])
    const message = `no state is stored for task ${result.uuid}: it expired or was purged`
    const expired = { status: 'rejected', reason: { code: 'ERR_RESULT_EXPIRED', message } }
    expect(await bench.settled(waiting)).toMatchObject([expired, expired])
  })

  it('waits for a task that was not sent yet', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    await bench.startWorker()
    const work = echo(5)
    const waiting = bench.server.result(work.uuid).get()
    await bench.clock.advance(3_000)
    await bench.server.send(work)
    expect(await bench.settled(waiting)).toBe(5)
  })

  it('survives a backend that is down for a while', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    bench.backendFaults.down = true
    const waiting = result.get()
    await bench.clock.advance(5_000)
    bench.backendFaults.down = false
    await bench.startWorker()
    expect(await bench.settled(waiting)).toBe(1)
  })

  it('that is given up early leaves nothing behind', async () => {
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    for await (const state of result.watch({ timeoutMs: 60_000 })) {
      expect(state.state).toBe('PENDING')
      break
    }
    await bench.clock.settle()
    expect(bench.clock.pendingTimers).toBe(0)
  })

  it('by a thousand callers reads the states together', async () => {
    let reads = 0
    const counting = {
      broker: <T>(broker: T) => broker,
      backend: (inner: Backend): Backend => {
        const wrapped = backend(inner)
        const get: Backend['tasks']['get'] = (uuids) => {
          reads += 1
          return wrapped.tasks.get(uuids)
        }
        return { ...wrapped, tasks: { ...wrapped.tasks, get } }
      },
    }
    await using bench = await openBench({ tasks: [echo], wrap: counting })
    const sent = await bench.server.sendMany(Array.from({ length: 1_000 }, (_, index) => echo(index)))
    const all = Promise.all(sent.map((result) => result.get()))
    await bench.clock.settle()
    expect(reads).toBeLessThan(5)
    const other = await bench.newProcess([echo])
    await other.startWorker()
    expect((await bench.settled(all)).reduce((sum, value) => sum + value, 0)).toBe(499_500)
  })
})

describe('watching', () => {
  const wrapWatch = (watch: (inner: NonNullable<Backend['watch']>) => Backend['watch']) => ({
    broker: <T>(broker: T) => broker,
    backend: (backend: Backend): Backend => ({
      ...backend,
      watch: watch(
        (uuids, onChange) => backend.watch?.(uuids, onChange) ?? Promise.resolve(() => {}),
      ) as NonNullable<Backend['watch']>,
    }),
  })

  it('ends with the last who waits', async () => {
    let watches = 0
    const wrap = wrapWatch((inner) => async (uuids, onChange) => {
      const end = await inner(uuids, onChange)
      watches += 1
      return () => {
        watches -= 1
        end()
      }
    })
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    const waiting = Promise.all([result.get(), result.get(), bench.server.result(result.uuid).get()])
    await bench.clock.settle()
    expect(watches).toBe(1)
    await bench.startWorker()
    await bench.settled(waiting)
    expect(watches).toBe(0)
    const unseen = result.get({ timeoutMs: 0 })
    await bench.settled(Promise.allSettled([unseen]))
    await bench.clock.settle()
    expect(watches).toBe(0)
  })

  it('misses nothing that happens before it has begun', async () => {
    const { opened, open } = gate()
    const wrap = wrapWatch((inner) => async (uuids, onChange) => {
      await opened
      return inner(uuids, onChange)
    })
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    let value: number | undefined
    const waiting = result.get().then((got) => (value = got))
    await bench.clock.settle()
    const worker = await bench.startWorker()
    await bench.clock.settle()
    open()
    await bench.clock.settle()
    expect(value).toBe(1)
    await waiting
    await bench.settled(worker.close())
  })

  it('reads no state that it is given', async () => {
    let given = 0
    let reads = 0
    const wrap = {
      broker: <T>(broker: T) => broker,
      backend: (backend: Backend): Backend => ({
        ...backend,
        tasks: { ...backend.tasks, get: async (uuids) => (reads++, backend.tasks.get(uuids)) },
        watch: async (uuids, onChange) => {
          const tell = async (uuid: string): Promise<void> => {
            const [state] = await backend.tasks.get([uuid])
            if (state?.state !== 'SUCCESS') return
            given += 1
            onChange(uuid, state)
          }
          return backend.watch?.(uuids, (uuid) => void tell(uuid)) ?? (() => {})
        },
      }),
    }
    await using bench = await openBench({ tasks: [echo], wrap })
    const result = await bench.server.send(echo(1))
    const waiting = result.get()
    await bench.clock.settle()
    const before = reads
    await bench.startWorker()
    expect(await bench.settled(waiting)).toBe(1)
    // The worker reads once, before it runs the task.
    expect([given, reads - before]).toEqual([1, 1])
  })

  it('that fails is reported, and polling goes on', async () => {
    const wrap = wrapWatch(() => () => Promise.reject(new Error('no push today')))
    await using bench = await openBench({ tasks: [echo], wrap })
    await bench.startWorker()
    const result = await bench.server.send(echo(1).with({ delayMs: 5_000 }))
    expect(await bench.settled(result.get())).toBe(1)
    expect(
      bench.logs.filter((line) => line.message === 'watching a state failed; polling instead'),
    ).toHaveLength(1)
  })
})

describe('a wait', () => {
  it.each([-1, Number.NaN])('of %s ms is refused', async (timeoutMs) => {
    await using bench = await openBench()
    const result = await bench.server.send(echo(1))
    await expect(result.get({ timeoutMs })).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: `timeoutMs is ${timeoutMs}; a number of ms from 0 is right`,
    })
  })

  it('for a task that was sent with noResult is refused', async () => {
    await using bench = await openBench({ tasks: [echo] })
    await bench.startWorker()
    const result = await bench.server.send(echo(1).with({ noResult: true }))
    const text = `task ${result.uuid} was sent with noResult`
    for (const call of [result.get(), result.state(), result.cancel()])
      await expect(call).rejects.toMatchObject({ code: 'ERR_BACKEND_REQUIRED', message: text })
    await bench.clock.settle()
    expect(await bench.state(result.uuid)).toBeUndefined()
  })

  it('for a result whose time is over says so', async () => {
    await using bench = await openBench({ tasks: [echo], server: { resultsExpireInMs: 5_000 } })
    const worker = await bench.startWorker()
    const result = await bench.server.send(echo(1))
    expect(await bench.settled(result.get())).toBe(1)
    await bench.clock.advance(4_000)
    expect(await bench.settled(result.get())).toBe(1)
    await bench.clock.advance(1_001)
    await expect(bench.settled(result.get())).rejects.toMatchObject({ code: 'ERR_RESULT_EXPIRED' })
    await bench.settled(worker.close())
  })
})
