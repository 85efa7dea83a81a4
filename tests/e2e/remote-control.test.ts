import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { bool, contract, createServer, int64, type Server, type WorkerStatus } from '../../src/index.ts'
import { currentNamespace } from '../support/namespace.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { startWorkerChild, type WorkerChild } from './worker-child.ts'

const nap = contract('nap', { args: [int64] })
const stick = contract('stick', { args: [bool] })

/** What is obeyed within a second may take longer on a busy machine. */
const PATIENT = { timeoutMs: 15_000 }

interface Scene {
  readonly server: Server
  readonly queue: string
  readonly start: (name: string) => Promise<WorkerChild>
  /** UUIDs of which the log tells this. */
  readonly logged: (event: 'started' | 'ended' | 'aborted') => readonly string[]
  /** The one worker of this test. */
  readonly worker: () => Promise<WorkerStatus | undefined>
}

/** A producer here, its workers in processes of their own, and what one does to the other. */
function remoteControl(urlIn: (folder: string) => string): void {
  let folder = ''
  let scene: Scene
  const children: WorkerChild[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-control-'))
    const [url, log, queue] = [urlIn(folder), join(folder, 'runs.log'), currentNamespace()]
    const server = await createServer({ broker: url, resultBackend: url, defaultQueue: queue })
    scene = {
      server,
      queue,
      async start(name) {
        const child = await startWorkerChild({ url, name, queue, concurrency: 2, graceMs: 20_000, log })
        children.push(child)
        return child
      },
      logged: (event) =>
        existsSync(log)
          ? readFileSync(log, 'utf8')
              .split('\n')
              .map((line) => line.split(' '))
              .flatMap(([what, uuid = '']) => (what === event ? [uuid] : []))
          : [],
      worker: async () => {
        const workers = await server.workers.list()
        return workers.find(({ queues }) => Object.hasOwn(queues, queue))
      },
    }
  })

  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill()))
    await scene.server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('cancels a task that runs in another process', async () => {
    await scene.start('first')
    const result = await scene.server.send(stick(true).with({ retryCount: 3 }))
    await waitFor(() => scene.logged('started').length === 1)
    expect(await scene.server.cancel(result.uuid, 'not wanted')).toBe(true)
    await waitFor(() => scene.logged('aborted').length === 1, PATIENT)
    await expect(result.get({ timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'ERR_TASK_CANCELLED',
      message: 'cancelled: not wanted',
    })
    await waitFor(async () => (await scene.server.queueStats()).inFlight === 0, PATIENT)
    expect(await scene.server.queueStats()).toMatchObject({ pending: 0, delayed: 0, dead: 0 })
    expect(scene.logged('started')).toEqual([result.uuid])
  })

  it('pauses a queue, also for a worker that is killed and started again', async () => {
    const { server, queue, start, logged } = scene
    const first = await start('first')
    await server.queues.pause(queue)
    await waitFor(async () => (await scene.worker())?.pausedQueues.includes(queue), PATIENT)
    const sent = await server.sendMany([nap(1), nap(1)])
    await first.kill()
    const second = await start('second')
    const { id } = await waitFor(async () =>
      (await server.workers.list()).find(
        (worker) => worker.name === 'second' && Object.hasOwn(worker.queues, queue),
      ),
    )
    // It has looked at orders and pauses when it answers.
    await server.workers.ping(id, PATIENT)
    expect(logged('started')).toEqual([])
    expect(await server.queues.list()).toContainEqual(
      expect.objectContaining({ queue, pending: 2, isPaused: true }),
    )
    await server.queues.resume(queue)
    await Promise.all(sent.map((result) => result.get({ timeoutMs: 15_000 })))
    second.signal('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  it('sees, resizes and stops a worker', async () => {
    const { server, start } = scene
    const child = await start('first')
    const { id, host, pid } = (await scene.worker()) as WorkerStatus
    expect([host === '', pid === process.pid]).toEqual([false, false])
    expect(await server.workers.ping(id, PATIENT)).toBeLessThan(PATIENT.timeoutMs)
    await server.sendMany(Array.from({ length: 4 }, () => stick(true)))
    await waitFor(() => scene.logged('started').length === 2, PATIENT)
    await server.workers.resize(id, 4)
    await waitFor(() => scene.logged('started').length === 4, PATIENT)
    await waitFor(async () => (await scene.worker())?.runningTasks.length === 4, PATIENT)
    for (const uuid of scene.logged('started')) await server.cancel(uuid)
    await server.workers.stop(id)
    expect(await child.ended).toBe(0)
    expect(await server.workers.get(id)).toBeUndefined()
    expect(scene.logged('aborted')).toHaveLength(4)
  })
}

describe('remote control over sqlite', () => {
  remoteControl((folder) => `sqlite:${join(folder, 'jobs.db')}`)
})

await describeService('redis', (service) => {
  describe('remote control over redis', () => {
    remoteControl(() => service.url)
  })
})
