import { optionError, refuseUnknownKeys } from '../../task/option-error.ts'
import { cronError, isProblem, type Problem } from './cron-error.ts'
import { nextEvery, parseEvery, type Every } from './every.ts'
import { parseFields, type Fields } from './fields.ts'
import { trimSpace } from './go-text.ts'
import { nextActivation } from './next-activation.ts'
import { nextShifted } from './next-shifted.ts'
import { MAX_DATE_MS, UTC, type TimeZone } from './time-zone.ts'
import { machineZone, zoneTable, type ZoneTable } from './zone-table.ts'

/**
 * What a schedule does when wall clocks are put forward or back.
 * - `go`: exactly what robfig/cron does. A wall time that is skipped does not run, one that is repeated runs twice.
 * - `shift`: a schedule of certain hours runs once a day: at the first instant after a gap that swallowed it, and in the
 *   first pass of a repeated hour only. A schedule of every hour runs in both passes.
 * - `utc`: the fields are read in UTC, whatever zone is named.
 */
export type DstPolicy = 'go' | 'shift' | 'utc'

/** Options of `parseSchedule`. */
export interface ScheduleOptions {
  /**
   * IANA name of the zone of a specification that names none itself with `CRON_TZ=`.
   * @default the zone of this machine
   */
  readonly zone?: string
  /** @default 'go' */
  readonly dst?: DstPolicy
  /**
   * Shares what is learnt about zones between schedules.
   * @default a table of its own
   */
  readonly zones?: ZoneTable
}

/** When something periodic runs. Immutable; every answer depends on the arguments alone. */
export interface Schedule {
  /** The specification as it was written. */
  readonly spec: string
  /** Name of the zone its fields are read in. */
  readonly zone: string
  /**
   * The first run strictly after `afterMs`, both epoch ms; undefined when there is none within five years. For `@every` it
   * is `afterMs` rounded down to the second plus the interval, so the instant of registration decides all runs.
   * @throws `ERR_OPTION_INVALID` when `afterMs` is no instant a Date can have.
   */
  next(afterMs: number): number | undefined
}

const DST_POLICIES: readonly string[] = ['go', 'shift', 'utc']
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
])

/**
 * Reads a cron specification in the dialect of robfig/cron v3 (`ParseStandard`), which is Go Machinery's.
 *
 * - Five fields: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or `jan`-`dec`, day of week 0-6 or `sun`-`sat`
 *   (Sunday is 0; 7 is refused). No seconds, no `L`, `W`, `#`.
 * - A field is a comma list of `*`, `?`, `N`, `N-M`, each with an optional `/step`; `?` is `*`, and `N/step` runs to the
 *   highest value.
 * - Day of month and day of week must both match when one of them is a star; otherwise either is enough. A star with a
 *   step above 1 is no star, so every second day together with Monday is the union of the two.
 * - `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`, and `@every` with a Go duration.
 * - `TZ=<zone> ` or `CRON_TZ=<zone> ` in front of any of them.
 *
 * @throws `ERR_OPTION_INVALID` with the text of robfig/cron when the specification is not valid, `details.spec` being its
 * beginning; and for an option that is not.
 * @see spec: go-core 4.11, reliability 5
 */
export function parseSchedule(spec: string, options: ScheduleOptions = {}): Schedule {
  if (typeof spec !== 'string') throw optionError('spec', spec, 'a cron specification such as "*/5 * * * *"')
  const { zone: zoneName, dst = 'go', zones = zoneTable() } = options
  refuseUnknownKeys('a schedule', options, ['zone', 'dst', 'zones'])
  if (!DST_POLICIES.includes(dst)) throw optionError('dst', dst, DST_POLICIES.join(', '))
  const defaultZone = zoneOf(zones, zoneName)
  if (spec === '') throw cronError(spec, 'empty spec string')
  const { zone, rest } = splitZone(spec, zones, defaultZone)
  const timing = parseTiming(rest)
  if (isProblem(timing)) throw cronError(spec, timing.problem)
  const effective = dst === 'utc' ? UTC : zone
  return {
    spec,
    zone: effective.name,
    next(afterMs) {
      if (!(Math.abs(afterMs) <= MAX_DATE_MS)) {
        throw optionError('afterMs', afterMs, 'epoch milliseconds that a Date can have')
      }
      const at = nextOf(timing, effective, dst, afterMs)
      return at === undefined || at > MAX_DATE_MS ? undefined : at
    },
  }
}

/**
 * The next runs after an instant, epoch ms, in order: `count` of them, or fewer when the schedule ends before.
 * @throws `ERR_OPTION_INVALID` as `Schedule.next` does.
 */
export function nextRuns(schedule: Schedule, afterMs: number, count: number): number[] {
  const runs: number[] = []
  let at: number | undefined = afterMs
  while (runs.length < count) {
    at = schedule.next(at)
    if (at === undefined) break
    runs.push(at)
  }
  return runs
}

function zoneOf(zones: ZoneTable, name: string | undefined): TimeZone {
  const zone = typeof name === 'string' || name === undefined ? zones.zone(name ?? machineZone()) : undefined
  if (zone !== undefined && !isProblem(zone)) return zone
  // The machine's zone can be one that has a meaning on this machine only; Go falls back to UTC too.
  if (name === undefined) return UTC
  throw optionError('zone', name, 'an IANA time zone such as "Europe/Berlin"')
}

function splitZone(spec: string, zones: ZoneTable, zone: TimeZone): { zone: TimeZone; rest: string } {
  if (!spec.startsWith('TZ=') && !spec.startsWith('CRON_TZ=')) return { zone, rest: spec }
  const end = spec.indexOf(' ')
  // Go panics here.
  if (end === -1) throw cronError(spec, `expected a space and five fields after the time zone: ${spec}`)
  const name = spec.slice(spec.indexOf('=') + 1, end)
  const found = zones.zone(name)
  if (isProblem(found)) throw cronError(spec, `provided bad location ${name}: ${found.problem}`)
  return { zone: found, rest: trimSpace(spec.slice(end)) }
}

function parseTiming(text: string): Fields | Every | Problem {
  if (!text.startsWith('@')) return parseFields(text)
  const fields = DESCRIPTORS.get(text)
  if (fields !== undefined) return parseFields(fields)
  return parseEvery(text) ?? { problem: `unrecognized descriptor: ${text}` }
}

function nextOf(timing: Fields | Every, zone: TimeZone, dst: DstPolicy, afterMs: number): number | undefined {
  if ('everyMs' in timing) return nextEvery(timing, afterMs)
  return dst === 'shift' ? nextShifted(timing, zone, afterMs) : nextActivation(timing, zone, afterMs)
}
