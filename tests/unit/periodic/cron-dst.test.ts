import { describe, expect, it } from 'vitest'
import { parseSchedule, type Schedule } from '../../../src/periodic/cron/schedule.ts'
import { intlZone, type TimeZone } from '../../../src/periodic/cron/time-zone.ts'
import { readZones, valuesOf, zoneOfChanges, type Window, type ZoneLine } from './cron-fixtures.ts'

const MINUTE_MS = 60_000
/** Activations are up to four years ahead of the last window, and the search looks at no year beyond 2034. */
const SEEN_UNTIL = Date.UTC(2037, 0, 1) / 1_000

/** The zones in which a tz database up to this release may differ from the one that robfig/cron had, and why. */
const COMPARED_RELEASE = '2026c'
const DIFFERING: Readonly<Record<string, string>> = {
  'Africa/Casablanca': 'no DST in Ramadan any more: UTC for good from September 2026',
  'America/Vancouver': 'no winter time any more: UTC-7 for good from November 2026',
  'Europe/Chisinau': 'corrected: changes an hour later, with the EU, since 2022',
}

const { head, zones } = readZones()

interface Difference {
  readonly zone: string
  readonly spec: string
  readonly after: string
  readonly expected: string
  readonly actual: string
}

/** Compares every recorded answer in a window with what the schedule answers to the same question. */
function differencesIn(window: Window, index: number, schedule: Schedule): Difference[] {
  const { spec, zone } = schedule
  const differences: Difference[] = []
  const fromMs = window.from * 1_000
  const compare = (after: number, minutes: number): number => {
    const expected = minutes === head.never ? undefined : fromMs + minutes * MINUTE_MS
    const actual = schedule.next(after)
    // Go stepped for ever, or back: here the next one must be found all the same.
    const isDefect = minutes === head.hangs || (expected !== undefined && expected <= after)
    const isRight = isDefect ? actual !== undefined && actual > after : actual === expected
    if (!isRight) {
      differences.push({ zone, spec, after: shown(after), expected: shown(expected), actual: shown(actual) })
    }
    return expected ?? after
  }
  valuesOf(window.chains[index] ?? '').reduce(compare, fromMs)
  valuesOf(window.queries[index] ?? '').forEach((minutes, n) => {
    compare(fromMs + (window.first + n * head.querySeconds) * 1_000, minutes)
  })
  return differences
}

function shown(at: number | undefined): string {
  return at === undefined ? 'never' : new Date(at).toISOString()
}

/** The changes of the offset as the fixtures have them, from 2009 to an instant in epoch seconds. */
function changesOf(zone: TimeZone, until: number): [at: number, before: number, after: number][] {
  const changes: [number, number, number][] = []
  let span = zone.spanAt(Date.UTC(2009, 0, 1))
  while (span.until < until * 1_000) {
    const next = zone.spanAt(span.until)
    if (next.offset !== span.offset) {
      changes.push([next.from / 1_000, span.offset / 1_000, next.offset / 1_000])
    }
    span = next
  }
  return changes
}

function agrees(line: ZoneLine, until = SEEN_UNTIL): boolean {
  const recorded = line.changes.filter(([at]) => at < until)
  return JSON.stringify(changesOf(intlZone(line.zone), until)) === JSON.stringify(recorded)
}

it('has 40 zones and all their changes from 2010 to 2029', () => {
  expect(zones.length).toBe(40)
  expect(zones.reduce((count, { windows }) => count + windows.length, 0)).toBeGreaterThan(1_100)
})

describe.each(zones)('round every change of the offset in $zone', (line) => {
  // Where the databases differ, the offsets that Go had are given in the place of those of this Node.
  const zone = agrees(line) ? intlZone(line.zone) : zoneOfChanges(line)

  it('runs when robfig/cron does', { timeout: 30_000 }, () => {
    const differences = head.specs.flatMap((spec, index) => {
      const schedule = parseSchedule(spec, { zone: line.zone, zones: { zone: () => zone } })
      return line.windows.flatMap((window) => differencesIn(window, index, schedule))
    })
    expect(differences.slice(0, 20)).toEqual([])
  })
})

describe('the tz database of this Node', () => {
  it('is read to the second', () => {
    const settled = Date.UTC(2022, 0, 1) / 1_000
    expect(zones.filter((line) => !agrees(line, settled)).map(({ zone }) => zone)).toEqual([])
  })

  it.runIf((process.versions['tz'] ?? '') <= COMPARED_RELEASE)(
    'differs from that of Go where it is known to',
    () => {
      const unexplained = zones.filter((line) => DIFFERING[line.zone] === undefined && !agrees(line))
      expect(unexplained.map(({ zone }) => zone)).toEqual([])
    },
  )
})
