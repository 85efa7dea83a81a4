import { DAY_MS } from './civil-date.ts'

/** A stretch of time with one UTC offset. Two neighbours may have the same offset. */
export interface OffsetSpan {
  /** First instant, epoch ms. */
  readonly from: number
  /** First instant that no longer belongs to it, epoch ms. */
  readonly until: number
  /** Wall time minus UTC, ms; positive east of Greenwich. */
  readonly offset: number
}

/** What wall clocks show in a place. */
export interface TimeZone {
  readonly name: string
  /** The stretch that holds an instant. */
  spanAt(epochMs: number): OffsetSpan
}

/**
 * Offsets are looked at every three days and a change is then bisected: since 1950 no zone of the tz database has had two
 * changes less than 6.9 days apart (tzdata 2025c).
 */
const PROBE_MS = 3 * DAY_MS
const WINDOW_MS = 122 * PROBE_MS
const SECOND_MS = 1_000
/** The instants a Date can have. */
export const MAX_DATE_MS = 8_640_000_000_000_000

/** Coordinated Universal Time. */
export const UTC: TimeZone = fixedZone('UTC')

function fixedZone(name: string): TimeZone {
  const span: OffsetSpan = { from: -Infinity, until: Infinity, offset: 0 }
  return { name, spanAt: () => span }
}

/**
 * A zone of the tz database of this Node. Its offsets are asked of Intl once per stretch of 366 days and kept, about 150 µs
 * each; after that it is arithmetic.
 * @throws RangeError when Intl knows no zone of this name.
 */
export function intlZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  if (format.resolvedOptions().timeZone === 'UTC') return fixedZone(name)
  const windows = new Map<number, readonly OffsetSpan[]>()
  let latest: OffsetSpan = { from: 0, until: 0, offset: 0 }
  return {
    name,
    spanAt(epochMs) {
      if (epochMs >= latest.from && epochMs < latest.until) return latest
      const index = Math.floor(epochMs / WINDOW_MS)
      let spans = windows.get(index)
      if (spans === undefined) {
        spans = spansBetween((at) => offsetAt(format, at), index * WINDOW_MS, (index + 1) * WINDOW_MS)
        windows.set(index, spans)
      }
      latest = spans.find(({ until }) => epochMs < until) ?? latest
      return latest
    },
  }
}

function spansBetween(offsetOf: (at: number) => number, start: number, end: number): readonly OffsetSpan[] {
  const spans: OffsetSpan[] = []
  let from = start
  let offset = offsetOf(start)
  for (let probe = start + PROBE_MS; probe <= end; probe += PROBE_MS) {
    if (offsetOf(probe) === offset) continue
    const change = changeBetween(offsetOf, probe - PROBE_MS, probe)
    if (change === end) break
    spans.push({ from, until: change, offset })
    from = change
    offset = offsetOf(change)
  }
  return [...spans, { from, until: end, offset }]
}

/** The first whole second at which the offset is no longer that of `low`, which it still is at no later than `high`. */
function changeBetween(offsetOf: (at: number) => number, low: number, high: number): number {
  const before = offsetOf(low)
  let last = low / SECOND_MS
  let first = high / SECOND_MS
  while (first - last > 1) {
    const middle = Math.floor((last + first) / 2)
    if (offsetOf(middle * SECOND_MS) === before) last = middle
    else first = middle
  }
  return first * SECOND_MS
}

/** Reads `1/31/2026, GMT+05:30`; `GMT` alone is 0, and seconds stand only where there are some. */
function offsetAt(format: Intl.DateTimeFormat, epochMs: number): number {
  const text = format.format(Math.max(-MAX_DATE_MS, Math.min(MAX_DATE_MS, epochMs)))
  const [, sign, hours, minutes, seconds = '0'] = /([+-])(\d+):(\d+)(?::(\d+))?$/.exec(text) ?? []
  if (sign === undefined) return 0
  const size = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
  return (sign === '-' ? -size : size) * SECOND_MS
}
