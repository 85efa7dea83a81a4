import type { Inspector, QueueStats } from '../../core/ports/inspector.ts'
import type { Statement } from './sqlite-connection.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import { decodeText } from './sqlite-text.ts'

/** What an inspector needs of its broker. */
export interface InspectorPlace {
  readonly wake: (queue: string) => void
  /** @throws `ERR_CLOSED` */
  readonly requireOpen: () => void
}

/** Rows that one transaction of a purge removes. */
const PURGE_BATCH = 1_000

/** Looks into the tables. Counting takes time in proportion to the length of the queue. */
export function sqliteInspector(
  { connection, queues, settings }: SqliteEngine,
  { wake, requireOpen }: InspectorPlace,
): Inspector {
  const { clock } = settings
  const ready = 'FROM message WHERE queue = ? AND owner IS NULL'
  const countReady = connection.prepare<[number, number | null]>(`SELECT count(*), min(id) ${ready}`)
  const publishedAt = connection.prepare<[number]>('SELECT published_at FROM message WHERE id = ?')
  const countHeld = connection.prepare<[number]>(
    'SELECT count(*) FROM message INDEXED BY message_held WHERE owner IS NOT NULL AND queue = ?',
  )
  const countDue = connection.prepare<[number]>(
    'SELECT count(*) FROM delayed WHERE queue = ? AND due_at <= ?',
  )
  const oldestDue = connection.prepare<[number]>(
    'SELECT published_at FROM delayed WHERE queue = ? AND due_at <= ? ORDER BY due_at LIMIT 1',
  )
  const countDelayed = connection.prepare<[number]>(
    'SELECT count(*) FROM delayed WHERE queue = ? AND due_at > ?',
  )
  const countDead = connection.prepare<[number]>('SELECT count(*) FROM dead WHERE queue = ?')
  const listReady = connection.prepare<[Uint8Array]>(
    `SELECT body ${ready} ORDER BY priority DESC, id LIMIT ? OFFSET ?`,
  )
  const listDue = connection.prepare<[Uint8Array]>(
    'SELECT body FROM delayed WHERE queue = ? AND due_at <= ? ORDER BY due_at, id LIMIT ? OFFSET ?',
  )
  const listDelayed = connection.prepare<[Uint8Array, number, number]>(
    'SELECT body, queue, due_at FROM delayed WHERE due_at > ? ORDER BY due_at, id LIMIT ? OFFSET ?',
  )
  const listDead = connection.prepare<[number, Uint8Array, string, number, number]>(
    'SELECT id, body, reason, dead_at, deliveries FROM dead WHERE queue = ? ORDER BY id LIMIT ? OFFSET ?',
  )
  const copyDead = connection.prepare(
    'INSERT INTO message(queue, priority, deliveries, published_at, body) SELECT queue, priority, 0, published_at, body FROM dead WHERE id = ? AND queue = ?',
  )
  const removeDead = connection.prepare('DELETE FROM dead WHERE id = ? AND queue = ?')
  const purges = {
    waiting: [purgeOf('message', 'owner IS NULL AND queue = ?'), purgeOf('delayed', 'queue = ?')],
    dead: [purgeOf('dead', 'queue = ?')],
  } as const

  function purgeOf(table: string, where: string): { last: Statement<[number | null]>; remove: Statement } {
    const some = `SELECT id FROM ${table} WHERE ${where} AND id <= ? LIMIT ${PURGE_BATCH}`
    return {
      last: connection.prepare(`SELECT max(id) FROM ${table} WHERE ${where}`),
      remove: connection.prepare(`DELETE FROM ${table} WHERE id IN (${some})`),
    }
  }

  const stats = (queue: string): QueueStats => {
    const id = queues.find(queue)
    if (id === undefined) {
      return { queue, pending: 0, delayed: 0, inFlight: 0, dead: 0, oldestPendingAt: undefined }
    }
    const now = Math.floor(clock.now())
    const [readyCount, first] = countReady.get(id) ?? [0, null]
    const oldest = [first === null ? undefined : publishedAt.get(first)?.[0], oldestDue.get(id, now)?.[0]]
    const known = oldest.filter((at) => at !== undefined)
    return {
      queue,
      pending: readyCount + (countDue.get(id, now)?.[0] ?? 0),
      delayed: countDelayed.get(id, now)?.[0] ?? 0,
      inFlight: countHeld.get(id)?.[0] ?? 0,
      dead: countDead.get(id)?.[0] ?? 0,
      oldestPendingAt: known.length === 0 ? undefined : Math.min(...known),
    }
  }

  const pending = (queue: string, offset: number, limit: number): readonly Uint8Array[] => {
    const id = queues.find(queue)
    if (id === undefined) return []
    const waiting = listReady.all(id, limit, offset)
    const left = limit - waiting.length
    if (left <= 0) return waiting.map(([body]) => body)
    const skipped = Math.max(offset - (countReady.get(id)?.[0] ?? 0), 0)
    const due = listDue.all(id, Math.floor(clock.now()), left, skipped)
    return [...waiting, ...due].map(([body]) => body)
  }

  const read = async <T>(run: () => T): Promise<T> => {
    requireOpen()
    return connection.read(run)
  }

  return {
    queues: () => read(() => queues.names()),
    stats: (queue) => read(() => stats(queue)),
    pending: (queue, { offset, limit }) => read(() => pending(queue, offset, limit)),
    delayed: ({ offset, limit }) =>
      read(() =>
        listDelayed
          .all(Math.floor(clock.now()), limit, offset)
          .map(([body, queue, dueAt]) => ({ body, queue: queues.nameOf(queue), dueAt })),
      ),
    dead: (queue, { offset, limit }) =>
      read(() => {
        const rows = listDead.all(queues.find(queue) ?? 0, limit, offset)
        return rows.map(([id, body, reason, deadAt, deliveryCount]) => {
          return { id: String(id), body, queue, reason: decodeText(reason), deadAt, deliveryCount }
        })
      }),
    async redrive(queue, ids) {
      requireOpen()
      const numbers = ids.filter((id) => /^\d{1,15}$/.test(id)).map(Number)
      const run = (): number => {
        const queueId = queues.find(queue) ?? 0
        let moved = 0
        for (const id of numbers) {
          copyDead.run(id, queueId)
          moved += removeDead.run(id, queueId)
        }
        return moved
      }
      return connection.write(run, () => wake(queue))
    },
    async purge(queue, what) {
      requireOpen()
      let removed = 0
      for (const { last, remove } of purges[what]) {
        // What is published meanwhile stays, so that a busy queue can be purged in bounded time.
        const [id, lastId] = await connection.read(() => {
          const queueId = queues.find(queue) ?? 0
          return [queueId, last.get(queueId)?.[0] ?? 0] as const
        })
        for (let some = PURGE_BATCH; some === PURGE_BATCH; removed += some) {
          some = await connection.write(() => remove.run(id, lastId))
        }
      }
      return removed
    },
  }
}
