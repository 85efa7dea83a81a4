import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { RedisStoreOptions } from '../../src/drivers/redis/index.ts'
import { commitWrite, CREATED_AT, groupFinish, groupInit } from '../../src/testing/backend-harness.ts'
import { backendConformance } from '../../src/testing/index.ts'
import { closing, openStore } from '../conformance/redis-fixture.ts'
import { redisSessions } from '../conformance/redis-sessions.ts'
import { redisCluster } from '../redis-all/redis-servers.ts'
import { currentNamespace } from '../support/namespace.ts'
import { findService, type Service, startService } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'

describe('groups of a Cluster that Go workers share', () => {
  let service: Service | undefined
  beforeAll(async () => {
    const { urlVariable: _, ...found } = redisCluster
    service = await startService(redisCluster, await findService({ ...found, urlVariable: 'NONE_SUCH' }))
    // Its nodes answer before they have agreed on who has which slots.
    const areReady = async (): Promise<boolean> =>
      (await Promise.all(nodes().map(stateOf))).every((state) => state === 'ok')
    await waitFor(areReady, { timeoutMs: 30_000 })
  }, 60_000)
  afterAll(() => service?.stop(), 20_000)

  const nodes = (): readonly string[] => {
    const { ports } = JSON.parse(service?.url ?? '{}') as { readonly ports: readonly number[] }
    return ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)
  }
  const options = (): RedisStoreOptions => ({ hosts: nodes(), interop: 'go' })
  const sessions = redisSessions(options)
  backendConformance(
    { describe, it },
    { name: 'redis cluster with interop', open: sessions.backend, expiryStepMs: 400 },
  )

  it('are triggered by the last member, with those that Go ended, under the mutex of Go', async () => {
    const name = currentNamespace()
    const [group, inGo, inTs] = [`group_${name}`, `task_${name}-1`, `task_${name}-2`]
    const { backend } = await openStore(options())
    const raw = new Cluster(nodes().map((node) => `redis://${node}`))
    closing({ close: () => raw.disconnect() })
    await backend.groups.init([groupInit(group, [inGo, inTs])])
    const state = `{"TaskUUID":"${inGo}","TaskName":"add","State":"SUCCESS","Results":[{"Type":"int64","Value":7}],"Error":"","CreatedAt":"${CREATED_AT}","TTL":0}`
    await raw.set(inGo, state)
    await backend.tasks.commit([commitWrite(inTs, 'any')])
    expect(await backend.groups.finish([groupFinish(group, inTs, 2)])).toEqual(['trigger'])
    expect(await raw.pttl('TriggerChordMutex')).toBeGreaterThan(0)
    const [stored] = await backend.groups.get([group])
    expect(stored?.members.get(inGo)).toEqual({ state: 'SUCCESS', results: [{ type: 'int64', value: '7' }] })
    await backend.groups.triggered([group])
    expect(await raw.get(group)).toContain('"ChordTriggered":true')
  })
})

/** Undefined while the node does not answer. */
async function stateOf(node: string): Promise<string | undefined> {
  const client = new Redis(`redis://${node}`, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    const info = (await client.call('cluster', 'info')) as string
    return /^cluster_state:(\w+)/m.exec(info)?.[1]
  } catch {
    return undefined
  } finally {
    client.disconnect()
  }
}
