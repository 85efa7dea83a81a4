import { DatabaseSync } from 'node:sqlite'

import { describe, expect, it, vi } from 'vitest'

import { openEngine, type SqliteEngine } from '../../../../src/drivers/sqlite/sqlite-engine.ts'
import { storeOver } from '../../../../src/drivers/sqlite/sqlite-store.ts'
import { claim, closing, consume, newPath, outgoing, runChores, texts } from './store-fixture.ts'

const open = () => {
  const engine = openEngine({ path: newPath() })
  return { ...closing({ ...storeOver(engine) }), engine }
}

/** Puts rows into the tables of waiting, delayed and dead messages, and finished states. */
function fill({ connection }: SqliteEngine, rows: number): void {
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`
  connection.db.exec(`BEGIN; INSERT INTO queue(name) VALUES ('queue'), ('other');
    ${numbers} INSERT INTO delayed(queue, priority, deliveries, published_at, due_at, body) SELECT 1, 0, 0, 0, 9e15, x'61' FROM n;
    ${numbers} INSERT INTO dead(queue, priority, deliveries, published_at, dead_at, reason, body) SELECT 1, 0, 0, 0, 0, 'no', x'61' FROM n;
    ${numbers} INSERT INTO message(queue, priority, deliveries, published_at, body) SELECT 2, 0, 0, 0, x'61' FROM n;
    ${numbers} INSERT INTO state(uuid, task_name, state, created_at, begins, intents, expires_at) SELECT 'task_' || i, 'add', 'SUCCESS', '', 0, 0, 9e15 FROM n;
    COMMIT`)
}

describe('the statements', () => {
  it('never scan a table that grows', () => {
    const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
    const { broker, backend, lock, engine } = open()
    expect([broker, backend, lock]).toHaveLength(3)
    const statements = prepare.mock.calls
      .map(([sql]) => sql)
      .filter((sql) => /^(SELECT|UPDATE|DELETE|INSERT)/.test(sql))
    prepare.mockRestore()
    expect(statements.length).toBeGreaterThan(40)
    const scans = statements.flatMap((sql) => {
      const plan = engine.connection.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
      return plan.map(({ detail }) => String(detail)).filter((detail) => /SCAN|TEMP B-TREE/.test(detail))
    })
    // Consumers are few, queues too; the inspector counts what is held, which is bounded by what workers take.
    const few = /^SCAN (consumer|queue|json_each|sqlite_master|message USING COVERING INDEX message_held)/
    expect(scans.filter((detail) => !few.test(detail))).toEqual([])
  })

  it('claim as fast behind 100,000 delayed, dead and foreign messages as behind none', async () => {
    const { broker, engine } = open()
    fill(engine, 100_000)
    await broker.publish(Array.from({ length: 640 }, (_, index) => outgoing(`${index}`)))
    const consumer = await consume(broker)
    const durations: number[] = []
    for (let round = 0; round < 10; round++) {
      const started = performance.now()
      const deliveries = await claim(consumer, 64)
      durations.push(performance.now() - started)
      expect(deliveries).toHaveLength(64)
      await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
    }
    // A scan of one of the tables alone takes longer.
    expect(durations.toSorted((a, b) => a - b)[3]).toBeLessThan(5)
  })

  it('purge a long queue in short transactions, and leave what comes meanwhile', async () => {
    const { broker, engine } = open()
    fill(engine, 5_500)
    const purged = broker.inspector?.purge('other', 'waiting')
    await broker.publish([outgoing('later', { queue: 'other' })])
    expect(await purged).toBe(5_500)
    expect(await broker.inspector?.stats('other')).toMatchObject({ pending: 1 })
  })
})

describe('rows', () => {
  it('keep any text to the letter', async () => {
    const { broker, backend } = open()
    const text = 'NUL \0, a half \ud83d, "quotes" and \u2603'
    const write = { uuid: 'task_1', taskName: 'add', token: '', expiresInMs: 60_000, results: [] } as const
    await backend.tasks.commit([{ ...write, state: 'FAILURE', error: text }])
    expect(await backend.tasks.get(['task_1'])).toMatchObject([{ error: text }])
    expect(await backend.tasks.reopen([{ uuid: 'task_1', errorPrefix: 'NUL \0, a' }])).toEqual([true])
    await broker.publish([outgoing('a')])
    const consumer = await consume(broker)
    const [delivery] = await claim(consumer, 1)
    await consumer.settle([{ id: delivery?.id ?? '', kind: 'deadLetter', reason: text }])
    expect(await broker.inspector?.dead('queue', { offset: 0, limit: 1 })).toMatchObject([{ reason: text }])
    const odd = { code: 'ERR_OPTION_INVALID' }
    expect(await broker.publish([outgoing('a', { queue: 'a\0b' })])).toMatchObject([
      { outcome: 'refused', error: odd },
    ])
    await expect(broker.consume('a\0b', { maxUnsettled: 1, onLost: () => {} })).rejects.toMatchObject(odd)
  })

  it('of expired states and groups are removed by the chore, with what belongs to them', async () => {
    const { broker, backend, engine } = open()
    const { db } = engine.connection
    const write = { uuid: 'task_1', taskName: 'add', token: '', error: 'no', expiresInMs: 60_000 } as const
    await backend.tasks.retry([{ ...write, digest: 'd', body: Buffer.from('x'), retryAt: 0 }])
    const outcome = { state: 'FAILURE', error: 'no' } as const
    await backend.groups.finish([
      { groupUuid: 'group_1', memberUuid: 'task_1', count: 2, outcome, expiresInMs: 60_000 },
    ])
    await runChores(broker)
    expect(await backend.tasks.get(['task_1'])).toMatchObject([{ state: 'RETRY' }])
    db.exec('UPDATE state SET expires_at = 1; UPDATE task_group SET expires_at = 1')
    expect(await backend.tasks.get(['task_1'])).toEqual([undefined])
    expect(await backend.groups.get(['group_1'])).toEqual([undefined])
    await runChores(broker)
    const counts = ['state', 'intent', 'task_group', 'group_member'].map(
      (table) => db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'],
    )
    expect(counts).toEqual([0, 0, 0, 0])
  })

  it('of control values that ran out are removed by the writes that follow, a bounded number each', async () => {
    const { backend, engine } = open()
    const { db } = engine.connection
    const rows = () => db.prepare('SELECT count(*) AS rows FROM control').get()?.['rows']
    const put = (key: string, expiresInMs: number) =>
      backend.control?.put('area', [{ key, value: 'value', expiresInMs }])
    for (let index = 0; index < 10; index++) await put(`old ${index}`, 60_000)
    db.exec('UPDATE control SET expires_at = 1')
    await put('kept', Infinity)
    expect(rows()).toBe(9)
    for (let round = 0; round < 4; round++) await put('kept', Infinity)
    expect(rows()).toBe(1)
  })

  it('of an expired state are replaced by a new one', async () => {
    const { backend, engine } = open()
    const pending = { uuid: 'task_1', taskName: 'old', createdAt: 'then', expiresInMs: 60_000, reset: false }
    await backend.tasks.pending([pending])
    engine.connection.db.exec('UPDATE state SET expires_at = 1')
    expect(await backend.tasks.pending([{ ...pending, taskName: '', createdAt: 'now' }])).toEqual(['written'])
    expect(await backend.tasks.get(['task_1'])).toMatchObject([{ taskName: '', createdAt: 'now' }])
  })

  it('keep their place in line when they return, and join the end when they were delayed', async () => {
    const { broker } = open()
    const consumer = await consume(broker)
    await broker.publish([outgoing('a'), outgoing('b')])
    const [a, b] = await claim(consumer, 2)
    await broker.publish([outgoing('c')])
    await consumer.settle([
      { id: a?.id ?? '', kind: 'release', delayMs: 1, counted: false },
      { id: b?.id ?? '', kind: 'release', delayMs: 0, counted: false },
    ])
    const order: string[] = []
    while (order.length < 3) order.push(...texts(await claim(consumer, 3)))
    expect(order).toEqual(['b', 'c', 'a'])
  })
})
