import { DatabaseSync } from 'node:sqlite'

import { describe, expect, it } from 'vitest'

import { openEngine } from '../../../../src/drivers/sqlite/sqlite-engine.ts'
import { storeError } from '../../../../src/drivers/sqlite/sqlite-errors.ts'
import type { SqliteStoreOptions } from '../../../../src/drivers/sqlite/sqlite-options.ts'
import { storeOver } from '../../../../src/drivers/sqlite/sqlite-store.ts'
import { fakeClock } from '../../../../src/testing/index.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { claim, closing, consume, newPath, outgoing, texts } from './store-fixture.ts'

const openStore = (options: Partial<SqliteStoreOptions> = {}) => {
  const engine = openEngine({ path: newPath(), ...options })
  const { db } = engine.connection
  return {
    ...closing({ ...storeOver(engine) }),
    engine,
    /** The file may grow by this many pages. */
    limit(pages: number) {
      const used = Number(db.prepare('PRAGMA page_count').get()?.['page_count'])
      db.exec(`PRAGMA max_page_count = ${used + pages}`)
    },
  }
}

const big = (size: number): Uint8Array => new Uint8Array(size).fill(65)
const refused = (code: string) => ({ outcome: 'refused', error: expect.objectContaining({ code }) })

describe('a full disk', () => {
  it('refuses what does not fit and stores what does, also of calls that share a transaction', async () => {
    const { broker, limit } = openStore()
    await broker.publish([outgoing('first')])
    limit(10)
    const outcomes = await Promise.all([
      broker.publish([outgoing('small')]),
      broker.publish([outgoing(big(1_000_000))]),
      broker.publish([outgoing('small too'), outgoing('and this')]),
    ])
    expect(outcomes).toEqual([
      [{ outcome: 'stored' }],
      [refused('ERR_STORE_FULL')],
      [{ outcome: 'stored' }, { outcome: 'stored' }],
    ])
    expect(await broker.inspector?.stats('queue')).toMatchObject({ pending: 4 })
  })

  it('keeps what a settlement could not change, and everything goes on when there is room again', async () => {
    const { broker, limit } = openStore()
    await broker.publish([outgoing(big(100_000)), outgoing('second')])
    const consumer = await consume(broker)
    const [first, second] = await claim(consumer, 2)
    const batch = [
      { id: second?.id ?? '', kind: 'ack' },
      { id: first?.id ?? '', kind: 'release', delayMs: 1, counted: true },
    ] as const
    limit(0)
    await expect(consumer.settle(batch)).rejects.toMatchObject({ code: 'ERR_STORE_FULL', retryable: true })
    expect(await broker.inspector?.stats('queue')).toMatchObject({ inFlight: 2, pending: 0, delayed: 0 })
    expect(await broker.publish([outgoing(big(50_000))])).toEqual([refused('ERR_STORE_FULL')])
    limit(1_000)
    expect(await consumer.settle(batch)).toEqual(['settled', 'settled'])
    expect(await broker.publish([outgoing(big(50_000))])).toEqual([{ outcome: 'stored' }])
    const [again] = await claim(consumer, 1)
    expect(again).toBeDefined()
    expect(await broker.inspector?.stats('queue')).toMatchObject({ dead: 0 })
  })

  it('fails whole units of a fused batch, and commits nothing of them', async () => {
    const { broker, backend, limit } = openStore()
    const same = broker.sameStore?.(backend)
    const pending = { uuid: 'task_2', taskName: 'add', createdAt: '', expiresInMs: 60_000, reset: false }
    await broker.publish([outgoing('first')])
    const consumer = await consume(broker)
    const [delivery] = await claim(consumer, 1)
    limit(2)
    const next = [{ message: outgoing(big(100_000)), pending }]
    const write = { uuid: 'task_1', taskName: 'add', token: '', error: '', expiresInMs: 60_000 } as const
    const commit = { ...write, state: 'SUCCESS', results: [] } as const
    const unit = {
      deliveryId: delivery?.id ?? '',
      commit,
      retry: undefined,
      groups: [],
      next,
      fail: [],
      finishes: [],
    }
    expect(await same?.finish([unit])).toEqual(['failed'])
    expect(await same?.send([{ groups: [], messages: next }])).toMatchObject([
      { publish: refused('ERR_STORE_FULL') },
    ])
    expect(await backend.tasks.get(['task_1', 'task_2'])).toEqual([undefined, undefined])
    limit(1_000)
    expect(await same?.finish([unit])).toEqual(['done'])
    expect((await backend.tasks.get(['task_1', 'task_2'])).map((state) => state?.state)).toEqual([
      'SUCCESS',
      'PENDING',
    ])
  })
})

describe('a file that another process has locked', () => {
  const lockedBy = (path: string): DatabaseSync => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    return other
  }

  it('lets the event loop go on, and the write through when the lock is free', async () => {
    const { broker, engine } = openStore({ busyTimeoutMs: 1 })
    await broker.publish([outgoing('before')])
    const other = lockedBy(engine.settings.path)
    let isEnded = false
    const published = broker.publish([outgoing('waits')]).finally(() => (isEnded = true))
    let turns = 0
    await waitFor(() => ++turns > 100, { what: 'turns of the event loop' })
    expect(isEnded).toBe(false)
    expect(await broker.inspector?.stats('queue')).toMatchObject({ pending: 1 })
    other.exec('ROLLBACK')
    other.close()
    expect(await published).toEqual([{ outcome: 'stored' }])
    expect(texts(await claim(await consume(broker), 2))).toEqual(['before', 'waits'])
  })

  it('ends with ERR_STORE_BUSY when that takes too long, and works again afterwards', async () => {
    const { broker, backend, engine } = openStore({ busyTimeoutMs: 1, operationTimeoutMs: 60 })
    const consumer = await consume(broker)
    await broker.publish([outgoing('first')])
    const other = lockedBy(engine.settings.path)
    expect(await broker.publish([outgoing('second')])).toEqual([refused('ERR_STORE_BUSY')])
    const busy = { code: 'ERR_STORE_BUSY', retryable: true }
    await expect(claim(consumer, 1)).rejects.toMatchObject(busy)
    await expect(backend.tasks.reopen([{ uuid: 'task_1', errorPrefix: '' }])).rejects.toMatchObject(busy)
    other.exec('ROLLBACK')
    other.close()
    expect(texts(await claim(consumer, 1))).toEqual(['first'])
  })

  it('closes in bounded time, and leaves what it held to the reaper', async () => {
    const { broker, engine } = openStore({ busyTimeoutMs: 1, operationTimeoutMs: 60 })
    await broker.publish([outgoing('held')])
    const consumer = await consume(broker)
    await claim(consumer, 1)
    const other = lockedBy(engine.settings.path)
    await broker.close()
    other.exec('ROLLBACK')
    expect(other.prepare('SELECT count(*) AS held FROM message WHERE owner IS NOT NULL').get()).toEqual({
      held: 1,
    })
    expect(other.prepare('SELECT count(*) AS consumers FROM consumer').get()).toEqual({ consumers: 1 })
    other.close()
  })
})

describe('transactions', () => {
  it('are shared by the calls of one turn', async () => {
    const { broker, engine } = openStore()
    const versions = new DatabaseSync(engine.settings.path)
    const frames = (): number => Number(versions.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()?.['log'])
    await broker.publish([outgoing('warm')])
    const before = frames()
    await Promise.all(Array.from({ length: 100 }, (_, index) => broker.publish([outgoing(`${index}`)])))
    // 100 transactions would have written 200 pages at least.
    expect(frames() - before).toBeLessThan(60)
    versions.close()
    const bodies = await claim(await consume(broker, { maxUnsettled: 101 }), 101)
    expect(texts(bodies).slice(1)).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`))
  })

  it('of others are not harmed by a call that throws', async () => {
    const { connection } = openStore().engine
    const insert = connection.prepare('INSERT INTO queue(name) VALUES (?)')
    const writes = ['a', 'a', 'b'].map((name) => connection.write(() => insert.run(name)))
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'ERR_STORE_FAILED' } })
    expect(connection.db.prepare('SELECT name FROM queue').all()).toEqual([{ name: 'a' }, { name: 'b' }])
  })
})

describe('errors of SQLite', () => {
  const vendorError = (errcode: number) => Object.assign(new Error('it failed'), { errcode })

  it.each([
    [5, 'ERR_STORE_BUSY'],
    [517, 'ERR_STORE_BUSY'],
    [13, 'ERR_STORE_FULL'],
    [4_874, 'ERR_STORE_FULL'],
    [10, 'ERR_STORE_FAILED'],
    [1_034, 'ERR_STORE_FAILED'],
    [8, 'ERR_STORE_FAILED'],
    [11, 'ERR_STORE_FAILED'],
  ])('%i become %s, with the cause', (errcode, code) => {
    const cause = vendorError(errcode)
    expect(storeError(cause, 'jobs.db')).toMatchObject({ code, cause, details: { path: 'jobs.db' } })
  })
})

describe('the fake clock', () => {
  it('drives delays, expiry and leases of the store', async () => {
    const clock = fakeClock()
    const { broker, backend } = openStore({ clock })
    const consumer = await consume(broker)
    await broker.publish([outgoing('later', { delayMs: 3_600_000 })])
    const claimed = claim(consumer, 1)
    await clock.advance(3_599_000)
    expect(await broker.inspector?.stats('queue')).toMatchObject({ delayed: 1, pending: 0 })
    await clock.advance(2_000)
    expect(texts(await claimed)).toEqual(['later'])
    const write = { uuid: 'task_1', taskName: 'add', token: '', error: '', expiresInMs: 60_000 } as const
    await backend.tasks.commit([{ ...write, state: 'SUCCESS', results: [] }])
    await clock.advance(61_000)
    expect(await backend.tasks.get(['task_1'])).toEqual([undefined])
  })
})
