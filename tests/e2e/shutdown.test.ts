import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { bool, contract, createServer, int64, type Server } from '../../src/index.ts'
import { waitFor } from '../support/wait-for.ts'
import type { ShutdownWorkerSettings } from './shutdown-worker.ts'
import { startWorkerChild, type WorkerChild } from './worker-child.ts'

const nap = contract('nap', { args: [int64] })
const stick = contract('stick', { args: [bool] })

const TASKS = 80

let folder = ''
let url = ''
let server: Server
const children: WorkerChild[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'machinery-shutdown-'))
  url = `sqlite:${join(folder, 'jobs.db')}`
  server = await createServer({ broker: url, resultBackend: url })
})

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function startWorker(
  name: string,
  settings: Partial<ShutdownWorkerSettings> = {},
): Promise<WorkerChild> {
  const log = join(folder, 'runs.log')
  const child = await startWorkerChild({ url, name, concurrency: 5, graceMs: 20_000, log, ...settings })
  children.push(child)
  return child
}

/** The UUIDs of the tasks of which the log tells this, in order; of one worker, if named. */
function logged(event: 'started' | 'ended' | 'aborted', worker = ''): readonly string[] {
  const log = join(folder, 'runs.log')
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([what, , name]) => what === event && (worker === '' || name === worker))
    .map(([, uuid = '']) => uuid)
}

describe('a worker that gets a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what runs at %s, and leaves the rest to others',
    async (signal) => {
      const sent = await server.sendMany(Array.from({ length: TASKS }, () => nap(50)))
      const first = await startWorker('first')
      await waitFor(() => logged('ended').length >= 8)
      first.signal(signal)

      expect(await first.ended).toBe(0)
      const run = logged('started')
      expect(logged('ended').toSorted()).toEqual(run.toSorted())
      const states = await Promise.all(sent.map((result) => result.state()))
      const succeeded = states.flatMap((state) => (state?.state === 'SUCCESS' ? [state.uuid] : []))
      expect(succeeded.toSorted()).toEqual(run.toSorted())
      expect(run.length).toBeLessThan(TASKS)
      expect(await server.queueStats()).toMatchObject({ pending: TASKS - run.length, inFlight: 0, dead: 0 })

      await startWorker('second')
      await Promise.all(sent.map((result) => result.get({ timeoutMs: 10_000 })))
      const uuids = sent.map((result) => result.uuid)
      expect(logged('started').toSorted()).toEqual(uuids.toSorted())
      expect(logged('ended').toSorted()).toEqual(uuids.toSorted())
    },
  )

  it('waits for a handler that needs less than the grace time', async () => {
    const sent = await server.send(nap(1_000))
    const first = await startWorker('first', { graceMs: 10_000 })
    await waitFor(() => logged('started').length === 1)
    first.signal('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(logged('ended')).toEqual([sent.uuid])
    expect(await sent.state()).toMatchObject({ state: 'SUCCESS' })
  })
})

describe.each([
  ['listens to', true],
  ['ignores', false],
])('a handler that %s its signal', (_, listens) => {
  it('is aborted after the grace time, and its task runs on another worker, uncounted', async () => {
    const sent = await server.send(stick(listens))
    const first = await startWorker('first', { graceMs: 100 })
    await waitFor(() => logged('started').length === 1)
    first.signal('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(logged('aborted')).toEqual([sent.uuid])
    expect(logged('ended')).toEqual([])
    expect(await server.queueStats()).toMatchObject({ pending: 1, inFlight: 0, dead: 0 })
    await startWorker('second')
    await sent.get({ timeoutMs: 10_000 })
    expect(logged('ended', 'second')).toEqual([sent.uuid])
  })
})

describe('a worker that gets a second signal', () => {
  it('gives everything back at once', async () => {
    const sent = await server.sendMany(Array.from({ length: 5 }, () => stick(false)))
    const first = await startWorker('first', { concurrency: 3, graceMs: 60_000 })
    await waitFor(() => logged('started').length === 3)
    first.signal('SIGTERM')
    first.signal('SIGINT')
    const signalledAt = performance.now()

    expect(await first.ended).toBe(0)
    expect(performance.now() - signalledAt).toBeLessThan(5_000)
    expect(await server.queueStats()).toMatchObject({ pending: 5, inFlight: 0, dead: 0 })

    await startWorker('second')
    await Promise.all(sent.map((result) => result.get({ timeoutMs: 10_000 })))
    expect(logged('ended', 'second').toSorted()).toEqual(sent.map(({ uuid }) => uuid).toSorted())
  })
})
