import { symlinkSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { describe, expect, it } from 'vitest'

import {
  sqliteBackend,
  sqliteBroker,
  sqliteLock,
  sqliteStore,
  type SqliteStoreOptions,
} from '../../../../src/drivers/sqlite/index.ts'
import { openEngine } from '../../../../src/drivers/sqlite/sqlite-engine.ts'
import {
  hasWalResetBug,
  networkFileSystem,
  requireLocalFileSystem,
  requireSafeSqlite,
} from '../../../../src/drivers/sqlite/sqlite-requirements.ts'
import { SCHEMA_VERSION } from '../../../../src/drivers/sqlite/sqlite-schema.ts'
import { claim, closing, consume, newPath, outgoing, texts } from './store-fixture.ts'

/** What opening throws. */
function failureOf(options: SqliteStoreOptions): unknown {
  try {
    closing(sqliteStore(options))
  } catch (error) {
    return error
  }
  return undefined
}

describe('what is refused', () => {
  it.each([
    ['path', { path: '' }],
    ['path', { path: ':memory:' }],
    ['path', { path: 'file:jobs.db?mode=memory' }],
    ['leaseMs', { path: 'x.db', leaseMs: 0 }],
    ['maxBlockMs', { path: 'x.db', maxBlockMs: Number.NaN }],
    ['operationTimeoutMs', { path: 'x.db', operationTimeoutMs: -1 }],
    ['durability', { path: 'x.db', durability: 'fsync' as 'power' }],
  ])('an option %s that is not allowed: %o', (option, options) => {
    expect(failureOf(options)).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      details: expect.objectContaining({ option }),
    })
  })

  it('a directory that is not there', () => {
    const path = `${newPath()}/no/jobs.db`
    expect(failureOf({ path })).toMatchObject({ code: 'ERR_CONNECT_FAILED' })
  })

  it('a file that is no database', () => {
    const path = newPath()
    writeFileSync(path, 'text '.repeat(1_000))
    expect(failureOf({ path })).toMatchObject({ code: 'ERR_CONNECT_FAILED' })
  })

  it('the database of another program, and leaves it as it is', () => {
    const path = newPath()
    const db = new DatabaseSync(path)
    db.exec('CREATE TABLE users(name TEXT)')
    expect(failureOf({ path })).toMatchObject({ code: 'ERR_STORE_FAILED', details: { path } })
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' })
    expect(db.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'users' }])
    db.close()
  })

  it('tables of a later version', async () => {
    const path = newPath()
    await sqliteStore({ path }).close()
    const db = new DatabaseSync(path)
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    db.close()
    expect(failureOf({ path })).toMatchObject({ code: 'ERR_STORE_FAILED' })
    expect(String(failureOf({ path }))).toContain(`has version ${SCHEMA_VERSION + 1} of the tables`)
  })

  it.each([
    ['3.7.0', true],
    ['3.44.5', true],
    ['3.44.6', false],
    ['3.45.1', true],
    ['3.50.6', true],
    ['3.50.7', false],
    ['3.51.2', true],
    ['3.51.3', false],
    ['3.53.4', false],
    ['4.0.0', false],
  ])('SQLite %s, if it can corrupt a shared file: %s', (version, isRefused) => {
    expect(hasWalResetBug(version)).toBe(isRefused)
  })

  it('a network file system, where the system tells', () => {
    expect(networkFileSystem(0x6969)).toBe('NFS')
    expect(networkFileSystem(-11_317_950)).toBe('CIFS')
    expect(networkFileSystem(0xef53)).toBeUndefined()
    expect(() => requireLocalFileSystem('/mnt/jobs.db', () => 0xef53)).not.toThrow()
  })

  it.runIf(process.platform === 'linux')('a file on NFS', () => {
    expect(() => requireLocalFileSystem('/mnt/jobs.db', () => 0x6969)).toThrow(/network file system \(NFS\)/)
  })

  it('a version of SQLite with that bug, naming the versions of Node that are right', () => {
    expect(() => requireSafeSqlite('3.51.2')).toThrow(/Node 22\.23\.3/)
    expect(() => requireSafeSqlite('3.51.3')).not.toThrow()
  })
})

describe('tables of an earlier version', () => {
  it('get what is missing, and keep what they hold', async () => {
    const path = newPath()
    const before = sqliteStore({ path })
    await before.broker.publish([outgoing('a')])
    await before.close()
    const db = new DatabaseSync(path)
    db.exec('DROP TABLE schedule; DROP TABLE outbox; DROP TABLE control; PRAGMA user_version = 1')
    db.close()
    const store = closing(sqliteStore({ path }))
    await store.backend.schedules?.put({ name: 'nightly', spec: '@daily', options: '{}' })
    expect(await store.backend.schedules?.list()).toMatchObject([{ name: 'nightly' }])
    expect(texts(await claim(await consume(store.broker), 1))).toEqual(['a'])
  })
})

describe('parts of one file', () => {
  it('are one store, also when they are opened apart and by another name', async () => {
    const path = newPath()
    const broker = closing(sqliteBroker({ path }))
    const link = newPath()
    symlinkSync(path, link)
    const [backend, foreign] = [
      closing(sqliteBackend({ path: link })),
      closing(sqliteBackend({ path: newPath() })),
    ]
    const consumer = await consume(broker)
    const same = broker.sameStore?.(backend)
    expect(same).toBeDefined()
    expect(broker.sameStore?.(foreign)).toBeUndefined()
    const pending = { uuid: 'task_1', taskName: 'add', createdAt: '', expiresInMs: 60_000, reset: false }
    await same?.send([{ groups: [], messages: [{ message: outgoing('a'), pending }] }])
    expect(texts(await claim(consumer, 1))).toEqual(['a'])
    expect((await backend.tasks.get(['task_1']))[0]?.state).toBe('PENDING')
  })

  it('close the file with the last of those that were used', async () => {
    const { broker, backend } = sqliteStore({ path: newPath() })
    await backend.close()
    expect(await broker.publish([outgoing('a')])).toEqual([{ outcome: 'stored' }])
    await broker.close()
    await expect(broker.publish([outgoing('b')])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('are closed by the store, with await using too', async () => {
    const path = newPath()
    let lock
    {
      await using store = sqliteStore({ path })
      lock = store.lock
      expect(await lock.lock('key', BigInt(Date.now() + 60_000) * 1_000_000n)).toBe(true)
    }
    await expect(lock.lock('key', 0n)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    const again = closing(sqliteLock({ path }))
    expect(await again.lock('key', 1n)).toBe(false)
    await expect(again.lock('key', 2n ** 63n)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })

  it.each([
    ['process', 1],
    ['power', 2],
  ] as const)('with durability %s sync as documented', async (durability, synchronous) => {
    const engine = closing(openEngine({ path: newPath(), durability }))
    expect(engine.connection.db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous })
    expect(engine.connection.db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  })
})
