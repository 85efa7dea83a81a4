import type {
  FireOutcome,
  FireWrite,
  OutboxEntry,
  ScheduleDefinition,
  StoredSchedule,
} from '../../core/ports/schedule-store.ts'

/** Schedules and their outbox; each method is one step. */
export class MemorySchedules {
  readonly #now: () => number
  readonly #schedules = new Map<string, StoredSchedule>()
  /** In the order in which they were fired. */
  #outbox: OutboxEntry[] = []

  /** @param now epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  now(): number {
    return this.#now()
  }

  put({ name, spec, options }: ScheduleDefinition): void {
    const now = Math.floor(this.#now())
    const stored = this.#schedules.get(name)
    const lastTickAt =
      stored === undefined ? now : stored.spec === spec ? stored.lastTickAt : Math.max(stored.lastTickAt, now)
    const { hasFired = false, isPaused = false } = stored ?? {}
    this.#schedules.set(name, { name, spec, options, lastTickAt, hasFired, isPaused })
  }

  list(): readonly StoredSchedule[] {
    return [...this.#schedules.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  get(name: string): StoredSchedule | undefined {
    return this.#schedules.get(name)
  }

  fire({ name, tickAt, payload }: FireWrite): FireOutcome {
    const stored = this.#schedules.get(name)
    if (stored === undefined || stored.isPaused || tickAt <= stored.lastTickAt) return 'skipped'
    this.#schedules.set(name, { ...stored, lastTickAt: tickAt, hasFired: true })
    this.#outbox.push({ name, tickAt, payload, firedAt: this.#now() })
    return 'fired'
  }

  published(name: string, tickAt: number): void {
    this.#outbox = this.#outbox.filter((entry) => entry.name !== name || entry.tickAt !== tickAt)
  }

  outbox(olderThanMs: number, limit: number): readonly OutboxEntry[] {
    const latest = this.#now() - olderThanMs
    return this.#outbox.filter(({ firedAt }) => firedAt <= latest).slice(0, limit)
  }

  setPaused(name: string, isPaused: boolean): boolean {
    const stored = this.#schedules.get(name)
    if (stored === undefined) return false
    const resumes = stored.isPaused && !isPaused
    const lastTickAt = resumes ? Math.max(stored.lastTickAt, Math.floor(this.#now())) : stored.lastTickAt
    this.#schedules.set(name, { ...stored, isPaused, lastTickAt })
    return true
  }

  remove(name: string): boolean {
    this.#outbox = this.#outbox.filter((entry) => entry.name !== name)
    return this.#schedules.delete(name)
  }
}
