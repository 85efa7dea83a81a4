import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../src/core/errors.ts'
import { nextRuns, parseSchedule } from '../../src/periodic/cron/schedule.ts'
import { zoneTable } from '../../src/periodic/cron/zone-table.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const SEARCHED_MINUTES = 3 * 24 * 60

const zones = zoneTable()

interface SpecField {
  readonly text: string
  readonly values: ReadonlySet<number>
  readonly isStar: boolean
}

function range(from: number, to: number, step = 1): ReadonlySet<number> {
  return new Set(Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step))
}

/** One field with what it means, said without the parser. */
function field(min: number, max: number): fc.Arbitrary<SpecField> {
  const value = fc.integer({ min, max })
  const step = fc.integer({ min: 1, max: 12 })
  const pair = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  const part = fc.oneof(
    fc.constantFrom('*', '?').map((text) => ({ text, values: range(min, max), isStar: true })),
    fc
      .tuple(fc.constantFrom('*', '?'), step)
      .map(([wild, by]) => ({ text: `${wild}/${by}`, values: range(min, max, by), isStar: by === 1 })),
    value.map((n) => ({ text: `${n}`, values: range(n, n), isStar: false })),
    pair.map(([a, b]) => ({ text: `${a}-${b}`, values: range(a, b), isStar: false })),
    fc
      .tuple(pair, step)
      .map(([[a, b], by]) => ({ text: `${a}-${b}/${by}`, values: range(a, b, by), isStar: false })),
    fc
      .tuple(value, step)
      .map(([a, by]) => ({ text: `${a}/${by}`, values: range(a, max, by), isStar: false })),
  )
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(','),
    values: new Set(parts.flatMap(({ values }) => [...values])),
    isStar: parts.some(({ isStar }) => isStar),
  }))
}

type SpecFields = [SpecField, SpecField, SpecField, SpecField, SpecField]
const fields: fc.Arbitrary<SpecFields> = fc.tuple(
  field(0, 59),
  field(0, 23),
  field(1, 31),
  field(1, 12),
  field(0, 6),
)
const specOf = (parts: SpecFields): string => parts.map(({ text }) => text).join(' ')

/** What the wall clock of a zone shows, asked of Intl for one instant. */
function wallClock(zone: string): (at: number) => readonly [number, number, number, number, number] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  return (at) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = format
      .format(at)
      .split(/[^\d]+/)
      .map(Number)
    return [minute, hour, day, month, new Date(Date.UTC(year, month - 1, day)).getUTCDay()]
  }
}

function matches(parts: SpecFields, shown: ReturnType<ReturnType<typeof wallClock>>): boolean {
  const [minute, hour, day, month, weekday] = parts.map(({ values }, n) => values.has(shown[n] as number))
  const isDay =
    parts[2].isStar || parts[4].isStar ? day === true && weekday === true : day === true || weekday === true
  return minute === true && hour === true && month === true && isDay
}

/**
 * Whether the hour of this minute began within a gap. robfig/cron steps over whole hours of the wall clock and may pass over what
 * follows a gap in the same hour, as on Chatham (tests/unit/periodic/cron-gap-within-hour.test.ts has its answers).
 */
function hourBeganInGap(at: number, wallClockOf: ReturnType<typeof wallClock>): boolean {
  const [minute, hour] = wallClockOf(at)
  return wallClockOf(at - minute * MINUTE_MS)[1] !== hour
}

/** Instants all over the years, half of them in the days of changes in the zones below. */
const CHANGES = ['2014-03-09', '2014-11-02', '2021-03-28', '2021-10-31', '2026-04-04', '2026-09-26']
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2029, 11, 31) }),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -DAY_MS, max: 2 * DAY_MS }))
    .map(([date, ms]) => Date.parse(date) + ms),
)

describe('next', () => {
  it.each(['UTC', 'Asia/Kolkata', 'America/New_York', 'Europe/Berlin', 'Pacific/Chatham'])(
    'is the first matching minute of the wall clock in %s',
    (zone) => {
      const wallClockOf = wallClock(zone)
      fc.assert(
        fc.property(fields, instant, (parts, after) => {
          const found = parseSchedule(specOf(parts), { zone, zones }).next(after) ?? Infinity
          expect(found).toBeGreaterThan(after)
          const first = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS
          const last = Math.min(found, first + SEARCHED_MINUTES * MINUTE_MS)
          let at = first
          while (at < last && (!matches(parts, wallClockOf(at)) || hourBeganInGap(at, wallClockOf)))
            at += MINUTE_MS
          expect(at).toBe(last)
          expect(found === Infinity || matches(parts, wallClockOf(found))).toBe(true)
        }),
        { numRuns: 150 },
      )
    },
  )

  const anyZone = fc.constantFrom(
    'UTC',
    'Africa/Cairo',
    'America/Havana',
    'America/Sao_Paulo',
    'America/St_Johns',
    'Antarctica/Troll',
    'Asia/Beirut',
    'Asia/Gaza',
    'Australia/Lord_Howe',
    'Europe/Dublin',
    'Pacific/Apia',
  )

  it('is after the given instant, in every zone and under every policy', () => {
    const dst = fc.constantFrom('go', 'shift', 'utc')
    fc.assert(
      fc.property(fields, instant, anyZone, dst, (parts, after, zone, policy) => {
        const schedule = parseSchedule(specOf(parts), { zone, dst: policy, zones })
        const found = nextRuns(schedule, after, 5)
        expect([after, ...found]).toEqual([after, ...found].toSorted((a, b) => a - b))
        expect(new Set([after, ...found]).size).toBe(found.length + 1)
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not depend on where the search begins, under shift', () => {
    fc.assert(
      fc.property(
        fields,
        instant,
        anyZone,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (parts, after, zone, share) => {
          const schedule = parseSchedule(specOf(parts), { zone, dst: 'shift', zones })
          const found = schedule.next(after)
          fc.pre(found !== undefined)
          const between = after + Math.floor((found - after - 1) * share)
          expect(schedule.next(between)).toBe(found)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('runs a daily task once a day, under shift', () => {
    const year = fc.integer({ min: 2010, max: 2028 })
    fc.assert(
      fc.property(fc.nat({ max: 59 }), fc.nat({ max: 23 }), anyZone, year, (minute, hour, zone, first) => {
        // It has lost a day.
        fc.pre(zone !== 'Pacific/Apia')
        const schedule = parseSchedule(`${minute} ${hour} * * *`, { zone, dst: 'shift', zones })
        const from = Date.UTC(first, 0, 10)
        const until = Date.UTC(first + 1, 0, 10)
        const count = nextRuns(schedule, from, 367).filter((at) => at <= until).length
        // Where the offset is not that of the year before, the year is so much longer or shorter.
        expect(Math.abs(count - (until - from) / DAY_MS)).toBeLessThanOrEqual(
          isSameOffset(zone, from, until) ? 0 : 1,
        )
      }),
      { numRuns: 300 },
    )
  })

  function isSameOffset(zone: string, one: number, other: number): boolean {
    const wallClockOf = wallClock(zone)
    return String(wallClockOf(one).slice(0, 2)) === String(wallClockOf(other).slice(0, 2))
  }
})

describe('parseSchedule', () => {
  function isAccepted(spec: string): boolean {
    try {
      parseSchedule(spec, { zone: 'UTC', zones })
      return true
    } catch (error) {
      if (!isMachineryError(error, 'ERR_OPTION_INVALID')) throw error
      return false
    }
  }

  const fragment = fc.constantFrom(
    ...Array.from('*?/-,0123456789@=+ \t\n"\\é\u2003\u{1f600}'),
    'jan',
    'SUN',
    'TZ=',
    'CRON_TZ=',
    'UTC ',
    'Asia/Tokyo',
    '../',
    '@every ',
    '@daily',
    '1h',
    '1.5',
    '__proto__',
    'constructor',
  )

  it('throws nothing but its own error', () => {
    const garbage = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.array(fragment, { maxLength: 20 }).map((parts) => parts.join('')),
      fc.array(fragment, { minLength: 5, maxLength: 5 }).map((parts) => parts.join(' ')),
    )
    let accepted = 0
    fc.assert(
      fc.property(garbage, (spec) => {
        if (isAccepted(spec)) accepted += 1
      }),
      { numRuns: 10_000 },
    )
    expect(accepted).toBeGreaterThan(5)
  })

  it.each([
    ['digits', '9'],
    ['zeros', '0'],
    ['commas', ','],
    ['hyphens', '-'],
    ['slashes', '/'],
    ['spaces', ' '],
    ['fields', '* '],
    ['lists', '1,'],
    ['quotes', '"'],
    ['durations', '1h'],
    ['dots', '.'],
    ['names', 'A/'],
  ])('takes linear time for many %s', (_, piece) => {
    const long = piece.repeat(500_000)
    const started = performance.now()
    for (const spec of [
      long,
      `${long}x`,
      `x${long}x`,
      `@every ${long}`,
      `TZ=${long} ${long}`,
      `* * * * ${long}x`,
    ]) {
      isAccepted(spec)
    }
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
