import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { redisStore, type RedisStoreOptions } from '../../src/drivers/redis/index.ts'
import { outgoing } from '../conformance/redis-fixture.ts'
import { findService, type Service, startService } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { redisSentinel } from './redis-servers.ts'

const MESSAGES = 2_000

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
const cli = (port: number | undefined, ...args: readonly string[]): string =>
  String(execFileSync('redis-cli', ['-p', String(port), ...args]))

beforeAll(async () => {
  service = await startService(redisSentinel, await findService(redisSentinel))
  const [, , sentinel] = place().ports
  await waitFor(() => /num-slaves\n1\n/.test(cli(sentinel, 'sentinel', 'master', 'mymaster')), {
    timeoutMs: 20_000,
  })
  await waitFor(() => /num-other-sentinels\n2\n/.test(cli(sentinel, 'sentinel', 'master', 'mymaster')), {
    timeoutMs: 20_000,
  })
}, 60_000)
afterAll(() => service?.stop(), 20_000)

it('goes on within 15 s of the death of the master, and loses nothing that was replicated', async () => {
  await using store = await redisStore(options())
  // Before, a replica has what was acknowledged; afterwards there is none.
  await using replicated = await redisStore({ ...options(), durability: 'replicated' })
  const queue = 'failover'
  const done = new AbortController()
  const consumer = await store.broker.consume(queue, { maxUnsettled: 64, onLost: () => {} })
  const ran = new Set<string>()
  const untilDone = async (work: () => Promise<unknown>): Promise<void> => {
    for (;;) {
      try {
        await work()
        return
      } catch {
        if (done.signal.aborted) return
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  const consuming = untilDone(async () => {
    for (;;) {
      const deliveries = await consumer.claim(16, done.signal)
      for (const { body } of deliveries) ran.add(Buffer.from(body).toString())
      await untilDone(() => consumer.settle(deliveries.map(({ id }) => ({ id, kind: 'ack' }) as const)))
    }
  })
  const stored: string[] = []
  let killedAt = 0
  let resumedAt = 0
  for (let number = 0; number < MESSAGES; number++) {
    if (number === MESSAGES / 2) {
      const port = place().ports[0]
      const pid = Number(/process_id:(\d+)/.exec(cli(port, 'info', 'server'))?.[1])
      process.kill(pid, 'SIGKILL')
      killedAt = performance.now()
    }
    const name = `${number}`
    await waitFor(
      async () => {
        const { broker } = killedAt === 0 ? replicated : store
        const [outcome] = await broker.publish([outgoing(queue, name)])
        return outcome?.outcome === 'stored'
      },
      { timeoutMs: 20_000, what: `publish ${name}` },
    )
    if (killedAt > 0 && resumedAt === 0) resumedAt = performance.now()
    stored.push(name)
  }
  await waitFor(() => stored.every((name) => ran.has(name)), { timeoutMs: 15_000, what: 'all are done' })
  done.abort()
  await consuming
  expect(resumedAt - killedAt).toBeLessThan(15_000)
  expect(await store.broker.inspector?.stats(queue)).toMatchObject({ pending: 0, inFlight: 0 })
}, 90_000)
