import { describe, expect, it } from 'vitest'

import { sqliteStore } from '../../../../src/drivers/sqlite/index.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { childStore } from './child-store.ts'
import { claim, closing, consume, newPath, runChores, texts } from './store-fixture.ts'

async function storeAndChild(changes: Partial<Parameters<typeof sqliteStore>[0]> = {}) {
  const options = { path: newPath(), ...changes }
  const store = closing(sqliteStore(options))
  return { store, child: closing(await childStore(options)) }
}

describe('two processes on one file', () => {
  it('share queues: each message goes to one of them', async () => {
    const { store, child } = await storeAndChild()
    await child.run({ do: 'publish', bodies: ['a', 'b', 'c'] })
    expect(await child.run({ do: 'claim', want: 2 })).toBe(2)
    const consumer = await consume(store.broker)
    expect(texts(await claim(consumer, 3))).toEqual(['c'])
    expect(await store.broker.inspector?.stats('queue')).toMatchObject({ pending: 0, inFlight: 3 })
    expect(await child.run({ do: 'ack' })).toEqual(['settled', 'settled'])
    expect(await store.broker.inspector?.stats('queue')).toMatchObject({ pending: 0, inFlight: 1 })
  })

  it('wake each other: a claim that waits gets what the other publishes, sooner than by the poll', async () => {
    const { store, child } = await storeAndChild()
    const consumer = await consume(store.broker)
    const latencies: number[] = []
    for (let round = 0; round < 7; round++) {
      const claimed = claim(consumer, 1).then((deliveries) => ({ deliveries, at: performance.now() }))
      const started = performance.now()
      await child.run({ do: 'publish', bodies: [`${round}`] })
      const { deliveries, at } = await claimed
      latencies.push(at - started)
      await consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' })))
    }
    const median = latencies.toSorted((a, b) => a - b)[3]
    expect(median).toBeLessThan(100)
  })

  it('tell each other of states', async () => {
    const { store, child } = await storeAndChild()
    const { backend } = store
    let told = 0
    const unwatch = await backend.watch?.(['task_1', 'task_2'], (uuid) => {
      expect(uuid).toBe('task_1')
      told++
    })
    await child.run({ do: 'commit', uuid: 'task_1' })
    await waitFor(() => told > 0, { what: 'a change' })
    expect((await backend.tasks.get(['task_1']))[0]?.state).toBe('SUCCESS')
    unwatch?.()
  })

  it('recover at once what a killed process held, counted', async () => {
    const { store, child } = await storeAndChild({ leaseMs: 60_000 })
    await child.run({ do: 'publish', bodies: ['a', 'b', 'c'] })
    await child.run({ do: 'claim', want: 2 })
    await child.kill()
    await runChores(store.broker)
    const deliveries = await claim(await consume(store.broker), 3)
    expect(texts(deliveries)).toEqual(['a', 'b', 'c'])
    expect(deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1, 0])
  })

  it('recover by the beat where process ids cannot be compared', async () => {
    const { store, child } = await storeAndChild({ leaseMs: 300, checkPids: false })
    await child.run({ do: 'publish', bodies: ['a'] })
    await child.run({ do: 'claim', want: 1 })
    await child.kill()
    const died = performance.now()
    const claimed = claim(await consume(store.broker), 1)
    let deliveries: Awaited<typeof claimed> | undefined
    void claimed.then((some) => (deliveries = some))
    await waitFor(() => runChores(store.broker).then(() => deliveries), { what: 'the message' })
    expect(deliveries?.map(({ deliveryCount }) => deliveryCount)).toEqual([1])
    expect(performance.now() - died).toBeGreaterThan(200)
  })

  it('leave alone who blocks its event loop for longer than the lease, and the log names the function', async () => {
    const { store, child } = await storeAndChild({ leaseMs: 900, checkPids: false, blockWarningMs: 300 })
    await child.run({ do: 'publish', bodies: ['a'] })
    await child.run({ do: 'claim', want: 1 })
    let isBlocked = true
    const blocked = child.run({ do: 'block', ms: 2_500 }).then(() => (isBlocked = false))
    await waitFor(() => runChores(store.broker).then(() => !isBlocked), { what: 'the end of the block' })
    await blocked
    expect(await child.run({ do: 'ack' })).toEqual(['settled'])
    const line = await waitFor(
      async () => {
        const all = (await child.run({ do: 'logged' })) as string[]
        return all[0]
      },
      { what: 'a line of the log' },
    )
    expect(line).toMatch(
      /^the event loop was blocked for \d+ ms by computeForLong \(.*store-process\.ts:\d+\)$/,
    )
  }, 20_000)

  it('take over from a process whose event loop is blocked for longer than it may be', async () => {
    const changes = { leaseMs: 300, maxBlockMs: 200, checkPids: false }
    const { store, child } = await storeAndChild(changes)
    await child.run({ do: 'publish', bodies: ['a'] })
    await child.run({ do: 'claim', want: 1 })
    const blocked = child.run({ do: 'block', ms: 2_500 })
    const claimed = claim(await consume(store.broker), 1)
    let deliveries: Awaited<typeof claimed> | undefined
    void claimed.then((some) => (deliveries = some))
    await waitFor(() => runChores(store.broker).then(() => deliveries), { what: 'the message' })
    await blocked
    expect(await child.run({ do: 'ack' })).toEqual(['lost'])
  }, 20_000)

  it('open a new file at the same moment', async () => {
    const path = newPath()
    const children = await Promise.all(Array.from({ length: 4 }, () => childStore({ path })))
    for (const child of children) closing(child)
    await Promise.all(children.map((child, index) => child.run({ do: 'publish', bodies: [`${index}`] })))
    const store = closing(sqliteStore({ path }))
    expect(await store.broker.inspector?.stats('queue')).toMatchObject({ pending: 4 })
  })

  it('end by themselves when the store is closed', async () => {
    const { child } = await storeAndChild()
    await child.run({ do: 'publish', bodies: ['a'] })
    await child.run({ do: 'claim', want: 1 })
    expect(await child.run({ do: 'close' })).toBeUndefined()
    expect(await child.exitCode()).toBe(0)
  })
})
