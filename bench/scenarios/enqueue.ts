import { createServer, type Server } from '../../src/index.ts'
import { noop } from '../noop-task.ts'
import { timed, type Scenario, type Sizes } from '../scenario.ts'

const IN_FLIGHT = 100

async function oneByOne(server: Server, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await server.send(noop(index, 1))
}

async function inFlight(server: Server, count: number): Promise<void> {
  let next = 0
  const sender = async (): Promise<void> => {
    while (next < count) await server.send(noop(next++, 1))
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender))
}

async function bulk(server: Server, count: number): Promise<void> {
  await server.sendMany(Array.from({ length: count }, (_, index) => noop(index, 1)))
}

function enqueue(
  name: string,
  size: (sizes: Sizes) => number,
  send: (server: Server, count: number) => Promise<void>,
): Scenario {
  return {
    name,
    isFor: () => true,
    async run(store, sizes) {
      await using opened = await store.open()
      await using server = await createServer({ broker: opened.url, resultBackend: opened.url })
      const count = size(sizes)
      const measured = await timed(count, () => send(server, count))
      const { pending } = await server.queueStats()
      if (pending !== count) throw new Error(`${name}: ${pending} of ${count} tasks are in the queue`)
      return measured
    },
  }
}

/** How fast a producer sends, without a worker. Every send stores a state and a message. */
export const enqueueScenarios: readonly Scenario[] = [
  enqueue('enqueue, awaited one by one', (sizes) => sizes.oneByOne, oneByOne),
  enqueue(`enqueue, ${IN_FLIGHT} in flight`, (sizes) => sizes.batched, inFlight),
  enqueue('enqueue, sendMany', (sizes) => sizes.batched, bulk),
]
