import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'

import { chord, createServer, task } from '../../src/index.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { closing, openStore, rawClient } from './redis-fixture.ts'
import { runInGo } from './redis-go-worker.ts'

const CHORDS = 200
const SIZES = [2, 3, 5] as const
const WORKERS_OF_EACH = 2

/** Takes from the queue as workers in Go do, until it is told to stop. */
async function workInGo(raw: Redis, queue: string, signal: AbortSignal): Promise<number> {
  let runs = 0
  while (!signal.aborted) {
    const message = await raw.lpop(queue)
    if (message === null) await new Promise((resolve) => setImmediate(resolve))
    else {
      await runInGo(raw, message, { result: 1 })
      runs++
    }
  }
  return runs
}

await describeService('redis', (service) => {
  it(`${CHORDS} chords on a queue that workers in Go and in TypeScript share call back once each`, async () => {
    const name = service.namespace()
    const [queue, callbacks] = [`${name}-shared`, `${name}-callback`]
    const url = service.url
    let runs = 0
    const one = task('one', () => {
      runs++
      return 1
    })
    const total = task('total', (...values: number[]) => values.reduce((sum, value) => sum + value, 0))
    const open = async () => {
      const { broker, backend } = await openStore({ url, interop: 'go' })
      return closing(
        await createServer({ broker, resultBackend: backend, tasks: [one, total], defaultQueue: queue }),
      )
    }
    const producer = await open()
    const stop = new AbortController()
    const inGo = Array.from({ length: WORKERS_OF_EACH }, () => workInGo(rawClient(url), queue, stop.signal))
    for (let index = 0; index < WORKERS_OF_EACH; index++) {
      await (await open()).startWorker({ concurrency: 4, noSignals: true })
    }
    const chords = Array.from({ length: CHORDS }, (_, index) => {
      const members = Array.from({ length: SIZES[index % SIZES.length] ?? 1 }, () => one())
      return chord(members, total().with({ routingKey: callbacks }))
    })
    await producer.sendMany(chords)
    const raw = rawClient(url)
    await waitFor(async () => (await raw.llen(callbacks)) >= CHORDS, { timeoutMs: 40_000 })
    await waitFor(async () => (await raw.keys(`mq:{${queue}}:i:*`)).length >= WORKERS_OF_EACH)
    await producer.close()
    stop.abort()
    const runsInGo = (await Promise.all(inGo)).reduce((sum, count) => sum + count, 0)
    const uuids = (await raw.lrange(callbacks, 0, -1)).map(
      (body) => (JSON.parse(body) as { UUID: string }).UUID,
    )
    expect(uuids).toHaveLength(CHORDS)
    expect(new Set(uuids).size).toBe(CHORDS)
    const members = chords.reduce((sum, _, index) => sum + (SIZES[index % SIZES.length] ?? 1), 0)
    expect(runs + runsInGo).toBe(members)
    expect(Math.min(runs, runsInGo), 'both had a part').toBeGreaterThan(CHORDS / 10)
    await raw.del(callbacks)
  })
})
