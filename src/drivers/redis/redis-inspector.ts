import type { DeadLetter, DelayedMessage, Inspector, QueueStats } from '../../core/ports/inspector.ts'
import type { RedisEngine } from './redis-engine.ts'
import { type QueueKeys, QUEUES_KEY } from './redis-keys.ts'
import { inParts } from './redis-parts.ts'
import { delayedMember } from './redis-route.ts'

const PER_CALL = 500
const LETTERS_PER_CALL = 50

/** What the inspector needs of its broker. */
export interface InspectorPlace {
  readonly engine: RedisEngine
  readonly keysOf: (queue: string) => QueueKeys
  /** @throws `ERR_CLOSED` */
  readonly requireOpen: () => void
}

interface Delayed extends DelayedMessage {
  readonly set: string
  readonly member: Buffer
}

/** Queues that only Go workers and publishers use are not listed, but can be asked for by name. */
export function redisInspector({ engine, keysOf, requireOpen }: InspectorPlace): Inspector {
  const { connection, delayed } = engine

  const command = (name: string, args: (string | Buffer)[]): Promise<unknown> => {
    requireOpen()
    return connection.command(name, args)
  }
  const count = async (name: string, key: string): Promise<number> => Number(await command(name, [key]))
  const range = async (key: string, from: number, to: number): Promise<readonly Buffer[]> =>
    from > to ? [] : ((await command('lrange', [key, String(from), String(to)])) as readonly Buffer[])

  /** A part of one delayed set, soonest first. */
  const delayedPart = async (where: 1 | 2, from: number, most: number): Promise<readonly Delayed[]> => {
    const set = where === 1 ? delayed.plain : delayed.enveloped
    const part = [set, String(from), String(from + most - 1), 'WITHSCORES']
    const flat = (await command('zrange', part)) as readonly Buffer[]
    const found: Delayed[] = []
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const member = flat[at] as Buffer
      const { bodyFrom, route } = delayedMember(where, member)
      const dueAt = Math.round(Number(flat[at + 1]) / 1_000_000)
      found.push({ body: member.subarray(bodyFrom), queue: route?.queue ?? '', dueAt, set, member })
    }
    return found
  }
  /** Both delayed sets, part by part: there may be more than fit in here. `visit` answers how many it removed. */
  const forEachDelayed = async (visit: (part: readonly Delayed[]) => Promise<number>): Promise<void> => {
    for (const where of [1, 2] as const) {
      for (let from = 0; ;) {
        const part = await delayedPart(where, from, PER_CALL)
        from += part.length - (await visit(part))
        if (part.length < PER_CALL) break
      }
    }
  }
  const firstDelayed = async (most: number): Promise<readonly Delayed[]> => {
    const both = await Promise.all(
      ([1, 2] as const).map(async (where) => {
        const found: Delayed[] = []
        while (found.length < most) {
          const size = Math.min(PER_CALL, most - found.length)
          const part = await delayedPart(where, found.length, size)
          found.push(...part)
          if (part.length < size) break
        }
        return found
      }),
    )
    return both.flat().toSorted((one, other) => one.dueAt - other.dueAt)
  }
  const countDelayed = async (queue: string): Promise<number> => {
    let number = 0
    await forEachDelayed(async (part) => {
      number += part.filter((message) => message.queue === queue).length
      return 0
    })
    return number
  }

  const inFlight = async (keys: QueueKeys): Promise<number> => {
    const consumers = (await command('hkeys', [keys.registry])) as readonly Buffer[]
    const sizes = await Promise.all(consumers.map((consumer) => count('hlen', keys.flying(String(consumer)))))
    // One field is the number of the last request.
    return sizes.reduce((sum, size) => sum + Math.max(size - 1, 0), 0)
  }

  const stats = async (queue: string): Promise<QueueStats> => {
    const keys = keysOf(queue)
    const [waiting, landed, banded, dead, flying, later] = await Promise.all([
      count('llen', queue),
      count('llen', keys.land),
      count('zcard', keys.priorities),
      count('llen', keys.dead),
      inFlight(keys),
      countDelayed(queue),
    ])
    return {
      queue,
      pending: waiting + landed + banded,
      delayed: later,
      inFlight: flying,
      dead,
      // The list does not say when its messages came.
      oldestPendingAt: undefined,
    }
  }

  const pending = async (queue: string, offset: number, limit: number): Promise<readonly Uint8Array[]> => {
    const keys = keysOf(queue)
    const banded = await count('zcard', keys.priorities)
    const landed = await count('llen', keys.land)
    const end = offset + limit
    const members = (await command('zrange', [
      keys.priorities,
      String(offset),
      String(Math.min(end, banded) - 1),
    ])) as readonly Buffer[]
    const fromBands =
      offset < banded && limit > 0 ? members.map((member) => member.subarray(member.indexOf(58) + 1)) : []
    const part = (key: string, before: number, size: number) =>
      range(key, Math.max(offset - before, 0), Math.min(end - before, size) - 1)
    const fromLand = await part(keys.land, banded, landed)
    return [...fromBands, ...fromLand, ...(await part(queue, banded + landed, Infinity))].slice(0, limit)
  }

  /** All dead letters among `ids`, as they are stored. */
  const lettersOf = async (queue: string, ids: ReadonlySet<string>): Promise<readonly Buffer[]> => {
    const found: Buffer[] = []
    for (let from = 0; found.length < ids.size; from += PER_CALL) {
      const letters = await range(keysOf(queue).dead, from, from + PER_CALL - 1)
      found.push(...letters.filter((letter) => ids.has(deadLetter(queue, letter).id)))
      if (letters.length < PER_CALL) break
    }
    return found
  }

  const purgeWaiting = async (queue: string): Promise<number> => {
    const keys = keysOf(queue)
    let removed = 0
    // First what is delayed: it may become pending meanwhile.
    await forEachDelayed(async (part) => {
      const [first, ...rest] = part.filter((message) => message.queue === queue)
      if (first === undefined) return 0
      const members = [first, ...rest].map(({ member }) => member)
      const some = Number(await command('zrem', [first.set, ...members]))
      removed += some
      return some
    })
    // What is published meanwhile stays, so that a busy queue can be purged in bounded time.
    let left =
      (await count('llen', queue)) +
      (await count('llen', keys.land)) +
      (await count('zcard', keys.priorities))
    while (left > 0) {
      const most = String(Math.min(PER_CALL, left))
      const some = Number(
        await connection.script('purge', [queue, keys.land, keys.priorities, keys.counts], [most]),
      )
      removed += some
      left = some === 0 ? 0 : left - some
    }
    return removed
  }

  return {
    queues: async () =>
      ((await command('smembers', [QUEUES_KEY])) as readonly Buffer[]).map(String).toSorted(),
    stats,
    pending: (queue, { offset, limit }) => pending(queue, offset, limit),
    async delayed({ offset, limit }) {
      const all = await firstDelayed(offset + limit)
      return all.slice(offset, offset + limit).map(({ body, queue, dueAt }) => ({ body, queue, dueAt }))
    },
    async dead(queue, { offset, limit }) {
      const letters = await range(keysOf(queue).dead, offset, offset + limit - 1)
      return letters.map((letter) => deadLetter(queue, letter))
    },
    async redrive(queue, ids) {
      requireOpen()
      const letters = await lettersOf(queue, new Set(ids))
      let moved = 0
      // One after the other, so that they keep their order; each looks through the whole list.
      for (const part of inParts(letters, LETTERS_PER_CALL, ({ length }) => length))
        moved += Number(await connection.script('redrive', [queue, keysOf(queue).dead], part))
      return moved
    },
    async purge(queue, what) {
      if (what === 'waiting') return purgeWaiting(queue)
      const { dead } = keysOf(queue)
      const size = await count('llen', dead)
      await command('ltrim', [dead, String(size), '-1'])
      return size
    },
  }
}

/** A dead letter as it is stored: a line of JSON, then the body. */
function deadLetter(queue: string, letter: Buffer): DeadLetter {
  const bodyFrom = letter.indexOf(10) + 1
  const meta = JSON.parse(letter.toString('utf8', 0, bodyFrom)) as {
    readonly id: string
    readonly reason: string
    readonly at: number
    readonly count: number
  }
  const body = letter.subarray(bodyFrom)
  return { id: meta.id, body, queue, reason: meta.reason, deadAt: meta.at, deliveryCount: meta.count }
}
