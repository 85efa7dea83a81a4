import { createServer } from '../../src/index.ts'
import { noop } from '../noop-task.ts'
import { timed, type Scenario } from '../scenario.ts'

function drain(concurrency: number, required: Readonly<Record<string, number>> = {}): Scenario {
  const name = `drain, concurrency ${concurrency}`
  return {
    name,
    required,
    isFor: () => true,
    async run(store, { drained: count }) {
      await using opened = await store.open()
      let left = count
      let allRan: () => void = () => {}
      const ran = new Promise<void>((resolve) => (allRan = resolve))
      const counted = noop.implement((one, other) => {
        left -= 1
        if (left === 0) allRan()
        return one + other
      })
      await using server = await createServer({
        broker: opened.url,
        resultBackend: opened.url,
        tasks: [counted],
      })
      const sent = await server.sendMany(Array.from({ length: count }, (_, index) => noop(index, 1)))
      const measured = await timed(count, async () => {
        const worker = await server.startWorker({ concurrency, noSignals: true })
        await ran
        // It closes when everything is stored and acknowledged.
        await worker.close()
      })
      const { pending, inFlight } = await server.queueStats()
      const last = await sent.at(-1)?.get({ timeoutMs: 1_000 })
      if (pending + inFlight !== 0 || last !== count)
        throw new Error(`${name}: ${pending} pending, ${inFlight} in flight, last result ${String(last)}`)
      return measured
    },
  }
}

/** How fast one worker empties a queue that was filled before, with every result stored. */
export const drainScenarios: readonly Scenario[] = [
  drain(1),
  drain(10, { memory: 50_000, 'sqlite process': 10_000, 'sqlite power': 3_000, redis: 40_000 }),
  drain(100),
]
