import { Redis } from 'ioredis'

import { queueKeys } from '../../src/drivers/redis/redis-keys.ts'
import { waitFor } from '../support/wait-for.ts'

/** The harness's own look at one server, past the system under test. */
export interface RedisControl {
  /** Process id of the server. */
  pid(): Promise<number>
  /** A section of INFO, by field. */
  info(section: string): Promise<ReadonlyMap<string, string>>
  /**
   * Kills the server, at a moment when it does not wait for its disk: with `appendfsync everysec` it answers before it has
   * handed its writes to the system while a flush is under way, for at most 2 s, and what dies with it then is lost.
   */
  kill(): Promise<void>
  /** How many consumers of a queue are registered. */
  consumers(queue: string): Promise<number>
  /** Companion keys that are neither an index, nor dead letters, nor will expire by themselves. */
  leftovers(): Promise<readonly string[]>
  /** What a sentinel says of its master, by field. */
  sentinelMaster(name: string): Promise<ReadonlyMap<string, string>>
  /** Resolves when the server answers and has loaded what it has. */
  ready(): Promise<void>
  close(): void
}

const FLUSHING = ['aof_buffer_length', 'aof_pending_bio_fsync']
const NO_EXPIRY = -1
const FLUSHED_WITHIN_MS = 30_000
/** What stays by design: names of queues, dead letters. */
const STAYS = /^mq:queues$|:dead$/
/** What must end by itself: who leads, for the time of a lease, and what workers said of themselves. */
const EXPIRES = /:(?:rl|ml)$|^mq:\{control\}:/

export function redisControl(port: number): RedisControl {
  // Its commands wait for the server, however long that takes.
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null, retryStrategy: () => 20 })
  client.on('error', () => {})
  const info = async (section: string): Promise<ReadonlyMap<string, string>> => {
    const lines = (await client.info(section)).split('\r\n')
    return new Map(lines.map((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1)]))
  }
  const pid = async (): Promise<number> => Number((await info('server')).get('process_id'))
  return {
    info,
    pid,
    kill: async () => {
      const victim = await pid()
      await waitFor(
        async () => {
          const persistence = await info('persistence')
          return FLUSHING.every((field) => persistence.get(field) === '0')
        },
        { timeoutMs: FLUSHED_WITHIN_MS, what: 'the server to have handed over its writes' },
      )
      process.kill(victim, 'SIGKILL')
    },
    consumers: (queue) => client.hlen(queueKeys(queue).registry),
    leftovers: async () => {
      const keys = new Set<string>()
      for await (const some of client.scanStream({ match: 'mq:*', count: 1_000 })) {
        for (const key of some as readonly string[]) {
          if (STAYS.test(key) || (EXPIRES.test(key) && (await client.pttl(key)) !== NO_EXPIRY)) continue
          keys.add(key)
        }
      }
      return [...keys]
    },
    sentinelMaster: async (name) => {
      const words = (await client.call('sentinel', ['master', name])) as readonly string[]
      const pairs = words.flatMap((word, at): readonly (readonly [string, string])[] =>
        at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [],
      )
      return new Map(pairs)
    },
    ready: async () => {
      await client.ping()
    },
    close: () => client.disconnect(),
  }
}
