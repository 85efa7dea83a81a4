import type { ScheduleStore, StoredSchedule } from '../../core/ports/schedule-store.ts'
import type { RedisConnection } from './redis-connection.ts'
import { textPairs } from './redis-reply.ts'
import { bufferOf } from './redis-route.ts'

// All in one slot, so that a tick is fired in one script: there are few schedules, and few ticks.
const SPECS = 'mq:{cron}:spec'
const OPTIONS = 'mq:{cron}:options'
/** name → `<epoch ms>:<1 = fired>` */
const LAST = 'mq:{cron}:last'
const PAUSED = 'mq:{cron}:paused'
/** `<tick>:<name>` → payload */
const OUTBOX = 'mq:{cron}:out'
/** `<tick>:<name>` by the moment at which it was fired. */
const OUTBOX_TIMES = 'mq:{cron}:out:at'

/** Protocol C1 (reliability 5). The clock of the store is that of the server. */
export function redisSchedules(connection: RedisConnection): ScheduleStore {
  const send = (command: string, args: string[]): Promise<unknown> => connection.command(command, args)
  const change = async (name: string, how: 'pause' | 'resume' | 'remove'): Promise<boolean> => {
    const keys = [SPECS, OPTIONS, LAST, PAUSED, OUTBOX, OUTBOX_TIMES]
    return (await connection.script('scheduleChange', keys, [name, how])) === 1
  }
  const now = async (): Promise<number> => {
    const [seconds, micros] = (await send('time', [])) as readonly [Buffer, Buffer]
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  }
  const list = async (): Promise<readonly StoredSchedule[]> => {
    const [specs, options, last, paused] = await Promise.all([
      send('hgetall', [SPECS]).then(textPairs),
      send('hgetall', [OPTIONS]).then(textPairs),
      send('hgetall', [LAST]).then(textPairs),
      send('smembers', [PAUSED]) as Promise<readonly Buffer[]>,
    ])
    const isPaused = new Set(paused.map(String))
    return [...specs]
      .filter(([name]) => last.has(name))
      .map(([name, spec]) => {
        const [tick, fired] = (last.get(name) ?? '').split(':')
        const definition = { name, spec, options: options.get(name) ?? '' }
        return {
          ...definition,
          lastTickAt: Number(tick),
          hasFired: fired === '1',
          isPaused: isPaused.has(name),
        }
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  return {
    now,
    async put({ name, spec, options }) {
      await connection.script('schedulePut', [SPECS, OPTIONS, LAST], [name, spec, options])
    },
    list,
    get: async (name) => (await list()).find((schedule) => schedule.name === name),
    async fire({ name, tickAt, payload }) {
      const keys = [LAST, PAUSED, OUTBOX, OUTBOX_TIMES]
      const fired = await connection.script('scheduleFire', keys, [name, String(tickAt), bufferOf(payload)])
      return fired === 1 ? 'fired' : 'skipped'
    },
    async published(name, tickAt) {
      const entry = `${tickAt}:${name}`
      await Promise.all([send('hdel', [OUTBOX, entry]), send('zrem', [OUTBOX_TIMES, entry])])
    },
    async outbox(olderThanMs, limit) {
      const until = (await now()) - olderThanMs
      const range = [OUTBOX_TIMES, '-inf', String(until), 'WITHSCORES', 'LIMIT', '0', String(limit)]
      const found = textPairs(await send('zrangebyscore', range))
      const entries = [...found.keys()]
      if (entries.length === 0) return []
      const payloads = (await send('hmget', [OUTBOX, ...entries])) as readonly (Buffer | null)[]
      return [...found].flatMap(([entry, firedAt], index) => {
        const payload = payloads[index] ?? null
        const colon = entry.indexOf(':')
        if (payload === null) return []
        const [tickAt, name] = [Number(entry.slice(0, colon)), entry.slice(colon + 1)]
        return [{ name, tickAt, payload, firedAt: Number(firedAt) }]
      })
    },
    setPaused: (name, isPaused) => change(name, isPaused ? 'pause' : 'resume'),
    remove: (name) => change(name, 'remove'),
  }
}
