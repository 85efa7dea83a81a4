import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, it } from 'vitest'

import { decodeMessage } from '../../../src/core/wire/message-codec.ts'
import { sqliteStore } from '../../../src/drivers/sqlite/index.ts'
import { tickUuids } from '../../../src/periodic/tick-id.ts'
import { waitFor } from '../../support/wait-for.ts'

const directory = mkdtempSync(join(tmpdir(), 'machinery-periodic-'))
afterAll(() => rmSync(directory, { recursive: true }))

const QUEUE = 'machinery_tasks'
const ALL = { offset: 0, limit: 1_000 }

async function start(path: string): Promise<ChildProcess> {
  const child = fork(new URL('scheduling-process.ts', import.meta.url), [path], { execArgv: [] })
  await once(child, 'message')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

it('two processes over one file fire every second once, also when one of them is killed', async () => {
  const path = join(directory, 'jobs.db')
  await using store = sqliteStore({ path })
  const { schedules } = store.backend
  const pending = async () => (await store.broker.inspector?.pending(QUEUE, ALL)) ?? []
  const [one, other] = await Promise.all([start(path), start(path)])
  await waitFor(async () => (await pending()).length >= 2)
  await kill(one)
  await waitFor(async () => (await pending()).length >= 4)
  await kill(other)

  const published = (await pending()).map((body) => decodeMessage(body).uuid)
  const unpublished = (await schedules?.outbox(0, 10)) ?? []
  const last = (await schedules?.get('beat'))?.lastTickAt ?? 0
  const uuidOf = (tickAt: number) => tickUuids({ name: 'beat', spec: '@every 1s', tickAt }).uuidOf('it')
  expect(new Set(published).size).toBe(published.length)
  // What each of the two had fired last may not be published, or be published and not ticked off: the next server does that.
  expect(unpublished.length).toBeLessThanOrEqual(2)
  const all = [...new Set([...published, ...unpublished.map(({ tickAt }) => uuidOf(tickAt))])]
  expect(all.toSorted()).toEqual(all.map((_, index) => uuidOf(last - index * 1_000)).toSorted())
}, 20_000)
