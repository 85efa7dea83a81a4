import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { contract, createServer, int64 } from '../../src/index.ts'
import { waitFor } from '../support/wait-for.ts'
import type { BlockingWorkerSettings } from './blocking-worker.ts'

const LEASE_MS = 1_000
/** Twice the lease, after the time that the second worker takes to start. */
const BLOCK_MS = 3 * LEASE_MS

const block = contract('block', { args: [int64] })

let folder = ''
let children: ChildProcess[] = []
const output = new Map<string, string>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'machinery-blocked-'))
})

afterEach(async () => {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    }),
  )
  children = []
  output.clear()
  rmSync(folder, { recursive: true, force: true })
})

async function startWorker(settings: BlockingWorkerSettings): Promise<ChildProcess> {
  const child = fork(new URL('blocking-worker.ts', import.meta.url), [JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  children.push(child)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output.set(settings.name, (output.get(settings.name) ?? '') + String(chunk))
    })
  }
  await once(child, 'message')
  return child
}

async function stopWorker(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  await closed
}

it('keeps the task of a worker that blocks its event loop for twice the lease, and names the function', async () => {
  const url = `sqlite:${join(folder, 'jobs.db')}?leaseMs=${LEASE_MS}`
  const log = join(folder, 'runs.log')
  const first = await startWorker({ url, name: 'blocked', log })
  await using server = await createServer({ broker: url, resultBackend: url })
  const sent = await server.send(block(BLOCK_MS))
  await waitFor(() => existsSync(log), { what: 'the task to be started' })
  // It would take the task over as soon as it thinks that nobody has it.
  const second = await startWorker({ url, name: 'idle', log })

  expect(readFileSync(log, 'utf8')).not.toContain('ended')

  await sent.get({ timeoutMs: 15_000 })
  expect(await server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
  await waitFor(() => output.get('blocked')?.includes('hogTheEventLoop'), { what: 'the name in the log' })
  await Promise.all([stopWorker(first), stopWorker(second)])

  expect(readFileSync(log, 'utf8')).toBe('started blocked\nended blocked\n')
  expect(output.get('blocked')).toMatch(/the event loop was blocked for \d+ ms by hogTheEventLoop/)
  expect(output.get('blocked')).not.toContain('lease lost')
})
