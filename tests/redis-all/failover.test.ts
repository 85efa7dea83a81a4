import { afterAll, beforeAll, expect, it } from 'vitest'

import { redisStore, type RedisStoreOptions } from '../../src/drivers/redis/index.ts'
import { findService, type Service, startService } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { rawClient } from '../conformance/redis-fixture.ts'
import { redisCli, redisCliOrNothing } from './redis-cli.ts'
import { redisSentinel } from './redis-servers.ts'
import { steadyTraffic } from './steady-traffic.ts'

const MESSAGES = 1_000
const WHO_IS_MASTER = ['sentinel', 'get-master-addr-by-name', 'mymaster'] as const

let service: Service | undefined
const place = () =>
  JSON.parse(service?.url ?? '{}') as { readonly folder: string; readonly ports: readonly number[] }
const options = (): RedisStoreOptions => ({
  hosts: place()
    .ports.slice(2)
    .map((port) => `127.0.0.1:${port}`),
  masterName: 'mymaster',
  connectTimeoutMs: 15_000,
})
beforeAll(async () => {
  service = await startService(redisSentinel, await findService(redisSentinel))
  const [, , sentinel] = place().ports
  await waitFor(() => /num-slaves\n1\n/.test(redisCliOrNothing(sentinel, 'sentinel', 'master', 'mymaster')), {
    timeoutMs: 20_000,
  })
  await waitFor(
    () => /num-other-sentinels\n2\n/.test(redisCliOrNothing(sentinel, 'sentinel', 'master', 'mymaster')),
    {
      timeoutMs: 20_000,
    },
  )
}, 60_000)
afterAll(() => service?.stop(), 20_000)

it('goes on within 5 s of the election of a new master, and loses nothing that was replicated', async () => {
  await using store = await redisStore(options())
  // Before, a replica has what was acknowledged; afterwards there is none.
  await using replicated = await redisStore({ ...options(), durability: 'replicated' })
  const queue = 'failover'
  let isKilled = false
  const traffic = await steadyTraffic(store, queue, () => (isKilled ? store : replicated))
  const { stored } = traffic
  await waitFor(() => stored.length >= MESSAGES, { timeoutMs: 20_000, what: 'traffic before' })
  const pid = Number(/process_id:(\d+)/.exec(redisCli(place().ports[0], 'info', 'server'))?.[1])
  process.kill(pid, 'SIGKILL')
  isKilled = true
  const before = stored.length
  const { ports } = place()
  const sentinel = rawClient(`redis://127.0.0.1:${ports[2]}`)
  const portOfMaster = async () => Number(((await sentinel.call(...WHO_IS_MASTER)) as readonly string[])[1])
  // Sentinels repeat an election that none of them wins, after 6 s.
  await waitFor(async () => (await portOfMaster()) === ports[1], {
    timeoutMs: 40_000,
    what: 'the election of the replica',
  })
  const electedAt = performance.now()
  // One that was under way may have gone through.
  await waitFor(() => stored.length > before + 1, { timeoutMs: 20_000, what: 'traffic on the new master' })
  const resumedAt = performance.now()
  await waitFor(() => stored.length >= before + MESSAGES, { timeoutMs: 20_000, what: 'traffic after' })
  await traffic.stop()
  expect(resumedAt - electedAt).toBeLessThan(5_000)
  expect(await store.broker.inspector?.stats(queue)).toMatchObject({ pending: 0, inFlight: 0 })
}, 120_000)
