import type { OutboxEntry, ScheduleStore, StoredSchedule } from '../core/ports/schedule-store.ts'

/** What `schedulesOverLock` stands on. */
export interface LockParts {
  /** Epoch ms of this server's own clock: there is no other. */
  readonly now: () => number
  /** Takes the lock of a tick. Resolves to whether it was taken. */
  readonly take: (name: string, tickAt: number) => Promise<boolean>
}

/**
 * Schedules where the backend has none: everything is in the memory of this server, and servers exclude each other by the lock alone,
 * as in Go. Weaker than C1: a crash between lock and publish loses the tick, clocks that differ by more than a period
 * fire it twice, and pausing holds for this server.
 */
export function schedulesOverLock({ now, take }: LockParts): ScheduleStore {
  const schedules = new Map<string, StoredSchedule>()
  const outbox = new Map<string, OutboxEntry>()
  const keyOf = (name: string, tickAt: number): string => `${tickAt} ${name}`
  const mayFire = (name: string, tickAt: number): boolean => {
    const stored = schedules.get(name)
    return stored !== undefined && !stored.isPaused && tickAt > stored.lastTickAt
  }
  const change = (name: string, changes: Partial<StoredSchedule>): void => {
    const stored = schedules.get(name)
    if (stored !== undefined) schedules.set(name, { ...stored, ...changes })
  }
  return {
    now: async () => now(),
    async put({ name, spec, options }) {
      const { lastTickAt, hasFired, isPaused, spec: before } = schedules.get(name) ?? NEVER
      const last = before === spec ? lastTickAt : Math.max(lastTickAt, Math.floor(now()))
      schedules.set(name, { name, spec, options, lastTickAt: last, hasFired, isPaused })
    },
    list: async () => [...schedules.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    get: async (name) => schedules.get(name),
    async fire({ name, tickAt, payload }) {
      if (!mayFire(name, tickAt)) return 'skipped'
      const isOurs = await take(name, tickAt)
      if (!mayFire(name, tickAt)) return 'skipped'
      change(name, { lastTickAt: tickAt, hasFired: true })
      if (!isOurs) return 'skipped'
      outbox.set(keyOf(name, tickAt), { name, tickAt, payload, firedAt: now() })
      return 'fired'
    },
    async published(name, tickAt) {
      outbox.delete(keyOf(name, tickAt))
    },
    async outbox(olderThanMs, limit) {
      const latest = now() - olderThanMs
      return [...outbox.values()].filter(({ firedAt }) => firedAt <= latest).slice(0, limit)
    },
    async setPaused(name, isPaused) {
      const resumes = schedules.get(name)?.isPaused === true && !isPaused
      const last = schedules.get(name)?.lastTickAt ?? 0
      change(name, { isPaused, lastTickAt: resumes ? Math.max(last, Math.floor(now())) : last })
      return schedules.has(name)
    },
    async remove(name) {
      for (const [key, entry] of outbox) if (entry.name === name) outbox.delete(key)
      return schedules.delete(name)
    },
  }
}

const NEVER = { lastTickAt: 0, hasFired: false, isPaused: false, spec: undefined } as const
