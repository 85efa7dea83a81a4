import type { ScheduleStore, StoredSchedule } from '../core/ports/schedule-store.ts'
import { optionError } from '../task/option-error.ts'
import { nextRuns } from './cron/schedule.ts'
import type { ZoneTable } from './cron/zone-table.ts'
import { dueTicks } from './due-ticks.ts'
import { optionsOf, storedTiming } from './schedule-entry.ts'

const MOST_PREVIEWED = 10_000

/** A schedule as it is stored. */
export interface ScheduleStatus {
  readonly name: string
  /** With its zone. */
  readonly spec: string
  /** `dst`, `catchUp`, `overlap` and `interop`, as the server that stored it last was given them. */
  readonly options: Readonly<Record<string, unknown>>
  /** Epoch ms of the newest tick; undefined before the first. */
  readonly lastTickAt: number | undefined
  /** Epoch ms; undefined while it is paused, and when there is none within five years. */
  readonly nextTickAt: number | undefined
  readonly isPaused: boolean
}

/** All schedules, by name. */
export async function listSchedules(
  store: ScheduleStore,
  zones: ZoneTable,
): Promise<readonly ScheduleStatus[]> {
  const [now, all] = await Promise.all([store.now(), store.list()])
  return all.map((stored) => ({
    name: stored.name,
    spec: stored.spec,
    options: optionsOf(stored.options),
    lastTickAt: stored.hasFired ? stored.lastTickAt : undefined,
    nextTickAt: stored.isPaused ? undefined : previewOf(stored, zones, now, 1)[0],
    isPaused: stored.isPaused,
  }))
}

/** @throws `ERR_OPTION_INVALID` for a name that is not stored, and for a `count` out of range. */
export async function previewSchedule(
  store: ScheduleStore,
  zones: ZoneTable,
  { name, count }: { readonly name: string; readonly count: number },
): Promise<readonly number[]> {
  if (!Number.isInteger(count) || count < 1 || count > MOST_PREVIEWED)
    throw optionError('count', count, `a whole number from 1 to ${MOST_PREVIEWED}`)
  const [now, stored] = await Promise.all([store.now(), store.get(name)])
  if (stored === undefined) throw optionError('name', name, 'the name of a stored schedule')
  return previewOf(stored, zones, now, count)
}

function previewOf(stored: StoredSchedule, zones: ZoneTable, now: number, count: number): readonly number[] {
  const timing = storedTiming(stored, zones)
  if (timing === undefined) return []
  const question = { timing, lastTickAt: stored.lastTickAt, untilMs: now, catchUp: 'none' } as const
  const { nextAt } = dueTicks(question)
  return nextAt === undefined ? [] : [nextAt, ...nextRuns(timing, nextAt, count - 1)]
}
