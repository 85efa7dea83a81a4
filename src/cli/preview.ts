import { MachineryError } from '../core/errors.ts'
import { nextRuns, parseSchedule, type DstPolicy, type ScheduleOptions } from '../periodic/cron/schedule.ts'

/** Flags of `machinery schedule preview`, as texts. */
export interface PreviewFlags {
  readonly zone?: string | undefined
  readonly dst?: string | undefined
  readonly count?: string | undefined
  readonly after?: string | undefined
}

const DEFAULT_COUNT = 10
const MOST = 10_000
const DST_POLICIES: readonly DstPolicy[] = ['go', 'shift', 'utc']

/**
 * The next runs of a specification, one a line: in its zone, and in UTC.
 * @throws `ERR_OPTION_INVALID` with robfig/cron's text for a specification, or naming the flag.
 */
export function previewText(spec: string, flags: PreviewFlags, nowMs: number): string {
  const schedule = parseSchedule(spec, scheduleOptions(flags))
  const count = Number(flags.count ?? DEFAULT_COUNT)
  if (!Number.isInteger(count) || count < 1 || count > MOST) {
    throw wrong('--count', flags.count, `a whole number from 1 to ${MOST}`)
  }
  const from = flags.after === undefined ? nowMs : Date.parse(flags.after)
  if (Number.isNaN(from)) throw wrong('--after', flags.after, 'an instant such as 2026-03-29T00:00:00Z')
  const runs = nextRuns(schedule, from, count)
  if (runs.length === 0) return 'It does not run within the next five years.'
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: schedule.zone,
    dateStyle: 'short',
    timeStyle: 'long',
    hourCycle: 'h23',
  })
  return runs.map((at) => `${format.format(at)}  ${new Date(at).toISOString()}`).join('\n')
}

function scheduleOptions({ zone, dst }: PreviewFlags): ScheduleOptions {
  const policy = DST_POLICIES.find((known) => known === dst)
  if (dst !== undefined && policy === undefined) throw wrong('--dst', dst, DST_POLICIES.join(', '))
  return { ...(zone === undefined ? {} : { zone }), ...(policy === undefined ? {} : { dst: policy }) }
}

function wrong(flag: string, value: string | undefined, right: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', `${flag} is ${JSON.stringify(value)}; ${right} is right`)
}
