import { setTimeout as sleep } from 'node:timers/promises'

import { createServer, type Server } from '../../src/index.ts'
import { noop } from '../noop-task.ts'
import { timed, type Scenario } from '../scenario.ts'
import { startWorkerProcess } from '../worker-process.ts'

/** Long enough that producer and worker have nothing to do when the next call comes. */
const PAUSE_MS = 3
const WARM_UP_CALLS = 20

async function call(server: Server): Promise<number> {
  const startedAt = performance.now()
  const sent = await server.send(noop(1, 1))
  await sent.get({ timeoutMs: 10_000 })
  return performance.now() - startedAt
}

async function calls(server: Server, count: number): Promise<readonly number[]> {
  const latencies: number[] = []
  for (let index = 0; index < count; index += 1) {
    latencies.push(await call(server))
    await sleep(PAUSE_MS)
  }
  return latencies
}

async function measure(server: Server, count: number): Promise<Awaited<ReturnType<typeof timed>>> {
  await calls(server, WARM_UP_CALLS)
  return timed(count, () => calls(server, count))
}

/** From the send of a task to its result, one call at a time on an idle queue. */
export const roundTripScenarios: readonly Scenario[] = [
  {
    name: 'round trip, worker in the same process',
    isFor: () => true,
    async run(store, { calls: count }) {
      await using opened = await store.open()
      await using server = await createServer({
        broker: opened.url,
        resultBackend: opened.url,
        tasks: [noop.implement((one, other) => one + other)],
      })
      await server.startWorker({ noSignals: true })
      return await measure(server, count)
    },
  },
  {
    name: 'round trip, worker in another process',
    isFor: (store) => store.isShared,
    async run(store, { calls: count }) {
      await using opened = await store.open()
      await using server = await createServer({ broker: opened.url, resultBackend: opened.url })
      const worker = await startWorkerProcess(opened.url)
      try {
        return await measure(server, count)
      } finally {
        await worker.close()
      }
    },
  },
]
