import Queue from 'bee-queue'
import type { Contestant, Place } from '../contestant.ts'
import { redisPlace } from '../redis-place.ts'

interface Pair {
  readonly one: number
  readonly other: number
}

const RESULT_WITHIN_MS = 30_000
const BULK = 1_000

const queueOf = ({ url, queue }: Place, options: Queue.QueueSettings) =>
  new Queue<Pair>(queue, { redis: redisPlace(url), removeOnSuccess: false, ...options })

export const contestant: Contestant = {
  async producer(place) {
    const queue = queueOf(place, { isWorker: false, getEvents: true, activateDelayedJobs: false })
    await queue.ready()
    return {
      send: (one, other) => queue.createJob({ one, other }).save(),
      sendMany: async (pairs) => {
        for (let at = 0; at < pairs.length; at += BULK) {
          const failed = await queue.saveAll(
            pairs.slice(at, at + BULK).map(([one, other]) => queue.createJob({ one, other })),
          )
          if (failed.size > 0) throw new Error(`${failed.size} jobs were not saved`)
        }
      },
      call: async (one, other) => {
        const job = queue.createJob({ one, other })
        const result = new Promise<number>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error('no result')), RESULT_WITHIN_MS)
          job.on('succeeded', (value: number) => {
            clearTimeout(timer)
            resolve(value)
          })
        })
        await job.save()
        return result
      },
      sendLater: (dueAt) => queue.createJob({ one: dueAt, other: 0 }).delayUntil(dueAt).save(),
      close: () => queue.close(),
    }
  },
  async work(place, { concurrency, run, onStored }) {
    const queue = queueOf(place, { isWorker: true, getEvents: false, activateDelayedJobs: true })
    queue.on('succeeded', onStored)
    await queue.ready()
    queue.process(concurrency, async ({ data }) => run(data.one, data.other))
    return () => queue.close()
  },
}
