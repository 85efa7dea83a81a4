import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sqliteStore } from '../../src/drivers/sqlite/index.ts'
import { chord, createServer, task } from '../../src/index.ts'
import { countCalls } from '../support/count-calls.ts'

const MEMBERS = 10_000
const WORKERS = 4

it('counts a chord of 10,000 members in at most 3 store calls per member, and calls back once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-chord-'))
  const path = join(folder, 'jobs.db')
  let callbacks = 0
  const one = task('one', (value: number) => value)
  const total = task('total', (...values: number[]) => {
    callbacks += 1
    return values.reduce((sum, value) => sum + value, 0)
  })
  const stores = Array.from({ length: WORKERS }, () => sqliteStore({ path }))
  const ports = stores.map((store) => countCalls(store.broker, store.backend))
  try {
    const servers = await Promise.all(
      ports.map(({ broker, backend }) =>
        createServer({ broker, resultBackend: backend, tasks: [one, total] }),
      ),
    )
    const url = `sqlite:${path}`
    await using producer = await createServer({ broker: url, resultBackend: url, tasks: [one, total] })
    const members = Array.from({ length: MEMBERS }, (_, index) => one(index))
    const sent = await producer.send(chord(members, total()))
    for (const server of servers) await server.startWorker({ concurrency: 10, noSignals: true })
    expect(await sent.get({ timeoutMs: 60_000 })).toBe((MEMBERS * (MEMBERS - 1)) / 2)
    await Promise.all(servers.map((server) => server.close()))
    expect(callbacks).toBe(1)
    const perMember =
      ports.flatMap(({ calls }) => [...calls.values()]).reduce((sum, count) => sum + count, 0) / MEMBERS
    expect(perMember).toBeLessThanOrEqual(3)
  } finally {
    await Promise.all(stores.map((store) => store.close()))
    rmSync(folder, { recursive: true, force: true })
  }
})
