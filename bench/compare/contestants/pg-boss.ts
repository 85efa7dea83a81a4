import { PgBoss } from 'pg-boss'
import type { Contestant, Place } from '../contestant.ts'

interface Pair {
  readonly one: number
  readonly other: number
}

const BULK = 1_000

const open = async ({ url }: Place): Promise<PgBoss> => {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  return boss
}

/** The result is the output of the job. A batch is fetched at once, as its documentation says for throughput. */
export const contestant: Contestant = {
  async prepare(place) {
    const boss = await open(place)
    await boss.createQueue(place.queue)
    await boss.stop({ graceful: false })
  },
  async producer(place) {
    const boss = await open(place)
    return {
      send: (one, other) => boss.send(place.queue, { one, other }),
      sendMany: async (pairs) => {
        for (let at = 0; at < pairs.length; at += BULK) {
          const jobs = pairs.slice(at, at + BULK).map(([one, other]) => ({ data: { one, other } }))
          await boss.insert(place.queue, jobs)
        }
      },
      close: () => boss.stop({ graceful: false }),
    }
  },
  async work(place, { concurrency, run, onStored }) {
    const boss = await open(place)
    // One result per job: `work` would store one for the batch, so the jobs are completed by hand.
    let isStopped = false
    const loop = async (): Promise<void> => {
      while (!isStopped) {
        const jobs = await boss.fetch<Pair>(place.queue, { batchSize: concurrency })
        const sums = jobs.map(({ id, data }) => ({ id, sum: run(data.one, data.other) }))
        if (sums.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
        else {
          await boss.complete(
            place.queue,
            sums.map(({ id }) => id),
            { sums: sums.map(({ sum }) => sum) },
          )
        }
        for (const _ of sums) onStored()
      }
    }
    const ended = loop()
    return async () => {
      isStopped = true
      await ended
      await boss.stop({ graceful: false })
    }
  },
}
