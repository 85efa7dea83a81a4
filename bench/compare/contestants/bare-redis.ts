import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Contestant, Place } from '../contestant.ts'
import { redisPlace } from '../redis-place.ts'

// The bare limit: a list of JSON and a result per task, written by hand with pipelines and one Lua call per batch. No lease,
// no retry, no state but the result, no error handling.

interface Job {
  readonly id: string
  readonly args: readonly [number, number]
}

const BULK = 1_000
const BATCH = 100
const RESULT_TTL_MS = '3600000'

// Stores the results of the last batch, forgets it, and takes the next one.
const STEP = `
for at = 3, #ARGV, 2 do redis.call('SET', ARGV[at], ARGV[at + 1], 'PX', ARGV[2]) end
redis.call('DEL', KEYS[2])
local taken = redis.call('LPOP', KEYS[1], ARGV[1])
if taken then redis.call('RPUSH', KEYS[2], unpack(taken)) end
return taken`

interface StepRedis extends Redis {
  step(...args: readonly (string | number)[]): Promise<readonly string[] | null>
}

const connect = ({ url }: Place): StepRedis => {
  const redis = new Redis(redisPlace(url)) as StepRedis
  redis.defineCommand('step', { numberOfKeys: 2, lua: STEP })
  return redis
}

const jobOf = (one: number, other: number): string => JSON.stringify({ id: randomUUID(), args: [one, other] })

export const contestant: Contestant = {
  async producer(place) {
    const redis = connect(place)
    return {
      send: (one, other) => redis.rpush(place.queue, jobOf(one, other)),
      sendMany: async (pairs) => {
        for (let at = 0; at < pairs.length; at += BULK) {
          await redis.rpush(
            place.queue,
            ...pairs.slice(at, at + BULK).map(([one, other]) => jobOf(one, other)),
          )
        }
      },
      close: async () => void (await redis.quit()),
    }
  },
  async work(place, { concurrency, run, onStored }) {
    const redis = connect(place)
    const waiting = connect(place)
    const flying = `${place.queue}:flying:${randomUUID()}`
    let isStopped = false
    const loop = async (): Promise<void> => {
      let results: string[] = []
      while (!isStopped || results.length > 0) {
        const want = isStopped ? 0 : Math.max(concurrency, BATCH)
        const taken = await redis.step(place.queue, flying, want, RESULT_TTL_MS, ...results)
        for (let at = 0; at < results.length; at += 2) onStored()
        results = []
        for (const text of taken ?? []) {
          const job = JSON.parse(text) as Job
          results.push(job.id, String(run(...job.args)))
        }
        if (taken === null && !isStopped) {
          const moved = await waiting.blmove(place.queue, place.queue, 'LEFT', 'LEFT', 0.1).catch(() => null)
          if (moved === null && isStopped) return
        }
      }
    }
    const ended = loop()
    return async () => {
      isStopped = true
      waiting.disconnect()
      await ended
      await redis.quit()
    }
  },
}
