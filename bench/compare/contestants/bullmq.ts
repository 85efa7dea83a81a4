import { Queue, QueueEvents, Worker } from 'bullmq'
import type { Contestant, Place } from '../contestant.ts'
import { redisPlace } from '../redis-place.ts'

// Finished jobs are kept, as they are by default: `returnvalue` is the stored result. The limit keeps the server's memory
// bounded in long runs without changing what is done per job.
const KEEP = { removeOnComplete: { age: 3_600 }, removeOnFail: true }

const connectionOf = ({ url }: Place) => ({ connection: redisPlace(url) })

interface Pair {
  readonly one: number
  readonly other: number
}

export const contestant: Contestant = {
  async producer(place) {
    const queue = new Queue<Pair, number>(place.queue, connectionOf(place))
    await queue.waitUntilReady()
    let events: QueueEvents | undefined
    return {
      send: (one, other) => queue.add('add', { one, other }, KEEP),
      sendMany: (pairs) =>
        queue.addBulk(pairs.map(([one, other]) => ({ name: 'add', data: { one, other }, opts: KEEP }))),
      call: async (one, other) => {
        if (events === undefined) {
          events = new QueueEvents(place.queue, connectionOf(place))
          await events.waitUntilReady()
        }
        const job = await queue.add('add', { one, other }, KEEP)
        return job.waitUntilFinished(events, 30_000)
      },
      sendLater: (dueAt, delayMs) => queue.add('add', { one: dueAt, other: 0 }, { ...KEEP, delay: delayMs }),
      close: async () => {
        await events?.close()
        await queue.close()
      },
    }
  },
  async work(place, { concurrency, run, onStored }) {
    const worker = new Worker<Pair, number>(place.queue, async ({ data }) => run(data.one, data.other), {
      ...connectionOf(place),
      concurrency,
    })
    worker.on('completed', onStored)
    await worker.waitUntilReady()
    return () => worker.close()
  },
}
