import type { Chore } from '../core/ports/broker.ts'
import type { ScheduleStore, StoredSchedule } from '../core/ports/schedule-store.ts'
import { bytes } from './broker-harness.ts'
import { type PassingTime, type TimeSource, passingTime } from './passing-time.ts'

/** One schedule store under test. */
export interface ScheduleSession extends TimeSource {
  readonly schedules: ScheduleStore
  /** The same store, opened once more, as another server does it. */
  readonly other: ScheduleStore
  readonly chores?: readonly Chore[]
  /** Closes the store and opens it again, as after the death of all servers. Left out where nothing survives that. */
  readonly reopen?: () => Promise<ScheduleStore>
  readonly close: () => Promise<void>
}

/** How the suite gets at the schedule stores of one driver. */
export interface ScheduleHarness {
  readonly name: string
  /** Called once per case. May give the same store each time: the cases use names of their own. */
  readonly open: () => Promise<ScheduleSession>
}

/** What a case of the schedule suite works with. */
export interface ScheduleTest extends PassingTime {
  readonly session: ScheduleSession
  readonly schedules: ScheduleStore
  readonly other: ScheduleStore
  /** A name that no other case uses. */
  newName(): string
  /** Stores a schedule and answers it as it is stored. */
  put(name: string, spec?: string, options?: string): Promise<StoredSchedule>
  fire(name: string, tickAt: number, payload?: string): Promise<unknown>
  /** The instants of the ticks of `name` in the outbox that were fired at least `olderThanMs` ago. */
  outboxOf(name: string, olderThanMs?: number): Promise<readonly number[]>
  /** `tickAt` values: the `count` seconds after an instant. */
  ticksAfter(instant: number, count: number): readonly number[]
}

const ALL = 1_000

function scheduleTest(session: ScheduleSession): ScheduleTest {
  const { schedules, other, clock } = session
  const time = passingTime(session, session.chores ?? [])
  let names = 0
  return {
    ...time,
    session,
    schedules,
    other,
    newName: () => `nightly ${clock.random().toString(36).slice(2)}-${names++}`,
    async put(name, spec = 'CRON_TZ=UTC 0 6 * * *', options = '{}') {
      await time.settled(schedules.put({ name, spec, options }), 'put')
      const stored = await time.settled(schedules.get(name), 'get')
      if (stored === undefined) throw new Error(`${name} is not there after put`)
      return stored
    },
    fire: (name, tickAt, payload = 'payload') =>
      time.settled(schedules.fire({ name, tickAt, payload: bytes(payload) }), 'fire'),
    async outboxOf(name, olderThanMs = 0) {
      const entries = await time.settled(schedules.outbox(olderThanMs, ALL), 'outbox')
      return entries.filter((entry) => entry.name === name).map(({ tickAt }) => tickAt)
    },
    ticksAfter: (instant, count) =>
      Array.from({ length: count }, (_, index) => instant + (index + 1) * 1_000),
  }
}

/** Defines one case of the schedule suite. */
export type ScheduleCase = (name: string, run: (test: ScheduleTest) => Promise<void>) => void

/** Wraps a case: opens a session, runs it, closes the session whatever happened. */
export function inScheduleSession(
  harness: ScheduleHarness,
  run: (test: ScheduleTest) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const session = await harness.open()
    try {
      await run(scheduleTest(session))
    } finally {
      await session.close()
    }
  }
}
