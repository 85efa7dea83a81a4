import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, it } from 'vitest'

import { systemClock } from '../../src/core/clock.ts'
import type { Consumer } from '../../src/core/ports/broker.ts'
import type { ControlStore } from '../../src/core/ports/control-store.ts'
import type { ScheduleStore } from '../../src/core/ports/schedule-store.ts'
import { SqliteConsumer } from '../../src/drivers/sqlite/sqlite-consumer.ts'
import { sqliteBackend, sqliteStore, type SqliteStore } from '../../src/drivers/sqlite/index.ts'
import {
  backendConformance,
  brokerConformance,
  controlConformance,
  lockConformance,
  sameStoreConformance,
  scheduleConformance,
} from '../../src/testing/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'machinery-sqlite-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0

/** Changes the row of a consumer, as seen by other processes. */
function changeRow(path: string, consumer: Consumer, changes: string): void {
  if (!(consumer instanceof SqliteConsumer)) throw new Error('not a consumer of sqlite')
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.prepare(`UPDATE consumer SET ${changes} WHERE id = ?`).run(consumer.owner)
  db.close()
}

async function open() {
  const path = join(directory, `${files++}.db`)
  const foreign = sqliteBackend({ path: join(directory, `${files++}.db`) })
  const stores: SqliteStore[] = []
  const openAgain = (): SqliteStore => {
    const store = sqliteStore({ path })
    stores.push(store)
    return store
  }
  const closeAll = async (): Promise<void> => {
    for (const store of stores.splice(0)) await store.close()
  }
  const { broker, backend, lock } = openAgain()
  return {
    broker,
    backend,
    lock,
    foreign,
    chores: broker.chores,
    openAgain,
    clock: systemClock,
    // No process has this id: the largest that Linux gives out is 4194304.
    crash: async (consumer: Consumer) => changeRow(path, consumer, "session = 'dead', pid = 4194305"),
    expire: async (consumer: Consumer) => changeRow(path, consumer, "session = 'paused', lease_ms = 60"),
    reopenStore: async () => {
      await closeAll()
      return openAgain()
    },
    async close() {
      await closeAll()
      await foreign.close()
    },
  }
}

const openBroker = async () => {
  const session = await open()
  return { ...session, reopen: async () => (await session.reopenStore()).broker }
}

const openBackend = async () => {
  const session = await open()
  return { ...session, reopen: async () => (await session.reopenStore()).backend }
}

const openSchedules = async () => {
  const session = await open()
  return {
    ...session,
    schedules: session.backend.schedules as ScheduleStore,
    other: session.openAgain().backend.schedules as ScheduleStore,
    reopen: async () => (await session.reopenStore()).backend.schedules as ScheduleStore,
  }
}

const openControl = async () => {
  const session = await open()
  return {
    ...session,
    control: session.backend.control as ControlStore,
    other: session.openAgain().backend.control as ControlStore,
    reopen: async () => (await session.reopenStore()).backend.control as ControlStore,
  }
}

brokerConformance({ describe, it }, { name: 'sqlite', open: openBroker })
backendConformance({ describe, it }, { name: 'sqlite', open: openBackend })
lockConformance({ describe, it }, { name: 'sqlite', open })
sameStoreConformance({ describe, it }, { name: 'sqlite', open })
scheduleConformance({ describe, it }, { name: 'sqlite', open: openSchedules })
controlConformance({ describe, it }, { name: 'sqlite', open: openControl })
