import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'

import { type RedisStore, redisStore } from '../../src/drivers/redis/index.ts'
import { chord, createServer, task } from '../../src/index.ts'
import { closing, rawClient } from '../conformance/redis-fixture.ts'
import { watchedClient } from '../conformance/redis-watched-client.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'

const TASKS = 20_000
const MEMBERS = 1_000
/** On a machine that does other things besides. */
const LIMIT_MS = 90_000

/** Commands that a store sent by itself, by name. */
type Calls = ReadonlyMap<string, number>

const total = (calls: Calls): number => [...calls.values()].reduce((sum, count) => sum + count, 0)
/** A script that the server does not know yet is sent twice: by its digest, then with its text. */
const scriptsIn = (calls: Calls): number => (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0)

/** A store that counts what it sends. */
async function openCounted(
  url: string,
  interop: 'none' | 'go' = 'none',
): Promise<{ store: RedisStore; calls: Calls }> {
  const calls = new Map<string, number>()
  const count = (command: string): void => void calls.set(command, (calls.get(command) ?? 0) + 1)
  const client = watchedClient(url, { before: count })
  return { store: closing(await redisStore({ client, interop, commandTimeoutMs: LIMIT_MS })), calls }
}

/** Scripts that the server has run. */
async function scriptsAt(raw: Redis): Promise<number> {
  const stats = await raw.info('commandstats')
  const counts = stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

await describeService('redis', (service) => {
  describe('calls', () => {
    it(`at most 0.25 scripts and 3 calls per task, of ${TASKS} with stored results, at concurrency 100`, async () => {
      const queue = service.namespace()
      const raw = rawClient(service.url)
      const { store, calls } = await openCounted(service.url)
      let runs = 0
      const nothing = task('nothing', () => void runs++)
      const server = closing(
        await createServer({
          broker: store.broker,
          resultBackend: store.backend,
          tasks: [nothing],
          defaultQueue: queue,
        }),
      )
      const before = (await scriptsAt(raw)) - scriptsIn(calls)
      const sent = await server.sendMany(Array.from({ length: TASKS }, () => nothing()))
      const worker = await server.startWorker({ concurrency: 100, noSignals: true })
      await waitFor(() => runs === TASKS, { timeoutMs: LIMIT_MS })
      await worker.close()
      const states = await store.backend.tasks.get(sent.map(({ uuid }) => uuid))
      expect(states.filter((state) => state?.state === 'SUCCESS')).toHaveLength(TASKS)
      const scripts = (await scriptsAt(raw)) - before
      expect(scripts, 'the server saw what was counted here').toBe(scriptsIn(calls))
      process.stdout.write(
        `${(scripts / TASKS).toFixed(4)} scripts, ${(total(calls) / TASKS).toFixed(4)} calls per task\n`,
      )
      expect(scripts / TASKS).toBeLessThanOrEqual(0.25)
      expect(total(calls) / TASKS).toBeLessThanOrEqual(3)
      await store.backend.tasks.purge(sent.map(({ uuid }) => uuid))
    })

    it.each(['none', 'go'] as const)(
      `at most 3 calls per member of a chord of ${MEMBERS}, interop %s`,
      async (interop) => {
        const queue = service.namespace()
        const producing = await openCounted(service.url, interop)
        const working = await Promise.all([1, 2].map(() => openCounted(service.url, interop)))
        const one = task('one', (value: number) => value)
        let callbacks = 0
        const sum = task('sum', (...values: number[]) => {
          callbacks++
          return values.reduce((all, value) => all + value, 0)
        })
        const servers = await Promise.all(
          [producing, ...working].map(async ({ store }) =>
            closing(
              await createServer({
                broker: store.broker,
                resultBackend: store.backend,
                tasks: [one, sum],
                defaultQueue: queue,
              }),
            ),
          ),
        )
        const [producer, ...workers] = servers
        const members = Array.from({ length: MEMBERS }, (_, index) => one(index))
        const result = await producer?.send(chord(members, sum()))
        for (const server of workers) await server.startWorker({ concurrency: 10, noSignals: true })
        expect(await result?.get({ timeoutMs: LIMIT_MS })).toBe((MEMBERS * (MEMBERS - 1)) / 2)
        for (const server of workers) await server.close()
        expect(callbacks).toBe(1)
        const perMember = working.reduce((sumOfCalls, { calls }) => sumOfCalls + total(calls), 0) / MEMBERS
        process.stdout.write(`${perMember.toFixed(3)} calls per member, interop ${interop}\n`)
        expect(perMember).toBeLessThanOrEqual(3)
      },
    )
  })
})
