import { DatabaseSync } from 'node:sqlite'

import { describe, expect, it } from 'vitest'

import { sqliteStore } from '../../../../src/drivers/sqlite/index.ts'
import { ownIdentity } from '../../../../src/drivers/shared/process-identity.ts'
import { fakeClock } from '../../../../src/testing/index.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { childStore } from './child-store.ts'
import { claim, closing, consume, newPath, outgoing, runChores, texts } from './store-fixture.ts'

/** Another process's consumer that holds one message and never beats. */
function addSilentConsumer(path: string, changes: { readonly host: string; readonly pid: number }): void {
  const db = new DatabaseSync(path)
  const insert =
    "INSERT INTO consumer(session, beat, lease_ms, host, pid, process_start) VALUES ('other', 7, 3000, ?, ?, '')"
  const { lastInsertRowid } = db.prepare(insert).run(changes.host, changes.pid)
  db.prepare('UPDATE message SET owner = ?, handover = 1').run(lastInsertRowid)
  db.close()
}

async function storeWithSilentConsumer(changes: Partial<{ host: string; pid: number; checkPids: boolean }>) {
  const clock = fakeClock()
  const path = newPath()
  const store = closing(sqliteStore({ path, clock, checkPids: changes.checkPids ?? true }))
  await store.broker.publish([outgoing('held')])
  addSilentConsumer(path, { host: 'elsewhere', pid: 1, ...changes })
  const pending = async () => (await store.broker.inspector?.stats('queue'))?.pending
  return { clock, broker: store.broker, path, pending }
}

const NO_SUCH_PID = 4_194_305

describe('the reaper', () => {
  it('takes a consumer for dead when its beat did not move for the lease', async () => {
    const { clock, broker, pending } = await storeWithSilentConsumer({})
    for (let look = 0; look < 3; look++) {
      await runChores(broker)
      expect(await pending()).toBe(0)
      await clock.advance(1_000)
    }
    await runChores(broker)
    expect(await pending()).toBe(1)
  })

  it('begins anew when the beat moved', async () => {
    const { clock, broker, path, pending } = await storeWithSilentConsumer({})
    const other = new DatabaseSync(path)
    for (let look = 0; look < 10; look++) {
      await runChores(broker)
      await clock.advance(1_000)
      if (look % 2 === 0) other.exec("UPDATE consumer SET beat = beat + 1 WHERE session = 'other'")
    }
    other.close()
    expect(await pending()).toBe(0)
  })

  it('does not count the time in which this process itself did not look', async () => {
    const { clock, broker, pending } = await storeWithSilentConsumer({})
    await runChores(broker)
    await clock.advance(3_600_000)
    await runChores(broker)
    expect(await pending()).toBe(0)
  })

  it('takes a consumer for dead at once when its process is, but only one that can be seen from here', async () => {
    const { host } = ownIdentity()
    const seen = await storeWithSilentConsumer({ host, pid: NO_SUCH_PID })
    await runChores(seen.broker)
    expect(await seen.pending()).toBe(1)
    const elsewhere = await storeWithSilentConsumer({ pid: NO_SUCH_PID })
    await runChores(elsewhere.broker)
    expect(await elsewhere.pending()).toBe(0)
    const unchecked = await storeWithSilentConsumer({ host, pid: NO_SUCH_PID, checkPids: false })
    await runChores(unchecked.broker)
    expect(await unchecked.pending()).toBe(0)
  })
})

describe('a consumer that was reaped', () => {
  it('is told by the lease thread, and goes on under a new number', async () => {
    const path = newPath()
    const store = closing(sqliteStore({ path, leaseMs: 300 }))
    await store.broker.publish([outgoing('a')])
    const lost: string[] = []
    const consumer = await consume(store.broker, { onLost: (ids) => lost.push(...ids) })
    const [delivery] = await claim(consumer, 1)
    const other = new DatabaseSync(path, { timeout: 5_000 })
    other.exec('DELETE FROM consumer; UPDATE message SET owner = NULL, handover = NULL, deliveries = 1')
    other.close()
    await waitFor(() => lost.length > 0, { what: 'onLost' })
    expect(lost).toEqual([delivery?.id])
    const again = await claim(consumer, 1)
    expect(texts(again)).toEqual(['a'])
    expect(again[0]?.deliveryCount).toBe(1)
    expect(await consumer.settle([{ id: delivery?.id ?? '', kind: 'ack' }])).toEqual(['lost'])
    expect(await consumer.settle(again.map(({ id }) => ({ id, kind: 'ack' })))).toEqual(['settled'])
  })
})

describe('extend', () => {
  it('keeps the lease of an event loop that is blocked for longer than it may be', async () => {
    const path = newPath()
    const options = { path, leaseMs: 900, maxBlockMs: 200, checkPids: false }
    const store = closing(sqliteStore(options))
    const child = closing(await childStore(options))
    await child.run({ do: 'publish', bodies: ['a'] })
    await child.run({ do: 'claim', want: 1 })
    await child.run({ do: 'extend', ms: 60_000 })
    let isBlocked = true
    const blocked = child.run({ do: 'block', ms: 2_500 }).then(() => (isBlocked = false))
    await waitFor(() => runChores(store.broker).then(() => !isBlocked), { what: 'the end of the block' })
    await blocked
    expect(await child.run({ do: 'ack' })).toEqual(['settled'])
  }, 20_000)
})
