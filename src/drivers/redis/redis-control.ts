import type { ControlStore } from '../../core/ports/control-store.ts'
import type { RedisConnection } from './redis-connection.ts'
import { textPairs } from './redis-reply.ts'

/** Values of an area, and their instants of expiry: one slot for all, there is little of it. */
const keysOf = (area: string): readonly string[] => [`mq:{control}:v:${area}`, `mq:{control}:at:${area}`]

/** Control values by the clock of the server. */
export function redisControl(connection: RedisConnection): ControlStore {
  return {
    async put(area, writes) {
      if (writes.length === 0) return
      const args = writes.flatMap(({ key, value, expiresInMs }) => [
        key,
        value,
        expiresInMs === Infinity ? 'inf' : String(Math.ceil(expiresInMs)),
      ])
      await connection.script('controlPut', keysOf(area), args)
    },
    async get(area, keys) {
      if (keys.length === 0) return []
      const values = (await connection.script('controlGet', keysOf(area), keys)) as readonly (Buffer | null)[]
      return values.map((value) => value?.toString())
    },
    async list(area, prefix = '') {
      return [...textPairs(await connection.script('controlList', keysOf(area), [prefix]))]
        .map(([key, value]) => ({ key, value }))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    },
    async remove(area, keys) {
      if (keys.length > 0) await connection.script('controlRemove', keysOf(area), keys)
    },
  }
}
