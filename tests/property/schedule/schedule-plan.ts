import type { DstPolicy } from '../../../src/periodic/cron/schedule.ts'
import type { CatchUpPolicy } from '../../../src/periodic/periodic-options.ts'

/** One schedule of a simulation. */
export interface PlannedSchedule {
  readonly name: string
  readonly spec: string
  readonly options: { readonly zone: string; readonly dst: DstPolicy; readonly catchUp: CatchUpPolicy }
}

/** A night in which wall clocks are changed. */
export interface Night {
  readonly zone: string
  /** Six hours from here hold the change. */
  readonly from: string
}

/** Forward and back, by an hour and by half an hour, at midnight and in the middle of the night. */
export const NIGHTS: readonly Night[] = [
  { zone: 'Europe/Berlin', from: '2026-03-28T22:00:00Z' },
  { zone: 'Europe/Berlin', from: '2026-10-24T22:00:00Z' },
  { zone: 'America/New_York', from: '2026-03-08T04:00:00Z' },
  { zone: 'America/New_York', from: '2026-11-01T03:00:00Z' },
  { zone: 'Australia/Lord_Howe', from: '2026-10-03T12:00:00Z' },
  { zone: 'Australia/Lord_Howe', from: '2026-04-04T12:00:00Z' },
  { zone: 'Africa/Cairo', from: '2026-04-23T18:00:00Z' },
  { zone: 'America/Havana', from: '2026-03-08T02:00:00Z' },
  { zone: 'Atlantic/Azores', from: '2026-10-24T22:00:00Z' },
]

const ALL: CatchUpPolicy = { max: 1_000, withinMs: 86_400_000 }
const SPECS: readonly string[] = [
  ...Array.from({ length: 7 }, () => '* * * * *'),
  '*/2 * * * *',
  '0,30 * * * *',
  '30 2 * * *',
  '*/15 0-3 * * *',
]
const INTERVALS: readonly string[] = [30, 35, 40, 45, 50, 60, 75, 90, 77, 110].map(
  (seconds) => `@every ${seconds}s`,
)

/** Schedules of all kinds in the zone of a night: a third of them with the default policy for missed ticks. */
export function planFor({ zone }: Night): readonly PlannedSchedule[] {
  const planned: PlannedSchedule[] = []
  const add = (spec: string, dst: DstPolicy): void => {
    const catchUp = planned.length % 3 === 0 ? 'last' : ALL
    planned.push({ name: `s${planned.length}`, spec, options: { zone, dst, catchUp } })
  }
  for (const spec of INTERVALS) add(spec, 'go')
  for (const dst of ['go', 'shift', 'utc'] as const) for (const spec of SPECS) add(spec, dst)
  return planned
}
