import type { Inspector, Page, QueueStats } from '../../core/ports/inspector.ts'
import type { MemoryMessages } from './memory-messages.ts'

const part = <T>(list: readonly T[], { offset, limit }: Page): readonly T[] =>
  list.slice(offset, offset + limit)

/** Looks into the queues of one store. What `dead` answers in pages is kept whole: dead letters have no limit. */
export function memoryInspector(messages: MemoryMessages): Inspector {
  const { queues, delays, clock } = messages

  const oldestPendingAt = (name: string): number | undefined => {
    let oldest: number | undefined
    for (const { publishedAt } of queues.get(name)?.ready() ?? []) {
      if (oldest === undefined || publishedAt < oldest) oldest = publishedAt
    }
    return oldest
  }

  const stats = (name: string): QueueStats => {
    messages.promote()
    const queue = queues.get(name)
    return {
      queue: name,
      pending: queue?.pending ?? 0,
      delayed: queue?.delayed ?? 0,
      inFlight: queue?.inFlight ?? 0,
      dead: queue?.dead.size ?? 0,
      oldestPendingAt: oldestPendingAt(name),
    }
  }

  const pending = (name: string, { offset, limit }: Page): readonly Uint8Array[] => {
    messages.promote()
    const bodies: Uint8Array[] = []
    let index = 0
    for (const { body } of queues.get(name)?.ready() ?? []) {
      if (index >= offset + limit) break
      if (index++ >= offset) bodies.push(body)
    }
    return bodies
  }

  const redrive = (name: string, ids: readonly string[]): number => {
    const queue = queues.get(name)
    if (queue === undefined) return 0
    let moved = 0
    for (const id of ids) {
      const letter = queue.dead.get(id)
      if (letter === undefined) continue
      queue.dead.delete(id)
      letter.entry.deliveryCount = 0
      queue.join(letter.entry)
      moved++
    }
    queue.wake()
    return moved
  }

  const purge = (name: string, what: 'waiting' | 'dead'): number => {
    const queue = queues.get(name)
    if (queue === undefined) return 0
    if (what === 'dead') {
      const removed = queue.dead.size
      queue.dead.clear()
      return removed
    }
    const removed = queue.delayed + queue.clearReady()
    delays.clear(queue)
    return removed
  }

  return {
    queues: async () => [...queues.values()].filter(({ used }) => used).map(({ name }) => name),
    stats: async (name) => stats(name),
    pending: async (name, page) => pending(name, page),
    async delayed(page) {
      messages.promote()
      const [now, monotonic] = [clock.now(), clock.monotonic()]
      return part(delays.list(), page).map(({ entry, dueAt }) => ({
        body: entry.body,
        queue: entry.queue.name,
        dueAt: now + dueAt - monotonic,
      }))
    },
    async dead(name, page) {
      return part([...(queues.get(name)?.dead.values() ?? [])], page).map(
        ({ id, entry, reason, deadAt }) => ({
          id,
          body: entry.body,
          queue: name,
          reason,
          deadAt,
          deliveryCount: entry.deliveryCount,
        }),
      )
    },
    redrive: async (name, ids) => redrive(name, ids),
    purge: async (name, what) => purge(name, what),
  }
}
