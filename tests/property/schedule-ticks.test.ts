import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseSchedule } from '../../src/periodic/cron/schedule.ts'
import { zoneTable } from '../../src/periodic/cron/zone-table.ts'
import { dueTicks, ON_TIME_MS } from '../../src/periodic/due-ticks.ts'
import type { CatchUpPolicy } from '../../src/periodic/periodic-options.ts'

const zones = zoneTable()
const specs = fc.constantFrom(
  '@every 1s',
  '@every 7s',
  '@every 1h1m1s',
  '* * * * *',
  '*/7 * * * *',
  '30 2 * * *',
  '0 0 * * 1',
  '15 10 1 * *',
)
const zoneNames = fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Havana')
const policies: fc.Arbitrary<CatchUpPolicy> = fc.oneof(
  fc.constantFrom('none' as const, 'last' as const),
  fc.record({ max: fc.integer({ min: 1, max: 50 }), withinMs: fc.integer({ min: 1, max: 90 * 86_400_000 }) }),
)
const instants = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') })
/** Short enough to be counted through here, long enough for all paths. */
const outages = fc.integer({ min: 0, max: 4 * 3_600_000 })

describe('due ticks', () => {
  it('are those that counting through gives', () => {
    fc.assert(
      fc.property(
        specs,
        zoneNames,
        policies,
        instants,
        outages,
        (spec, zone, catchUp, lastTickAt, outageMs) => {
          const timing = parseSchedule(spec, { zone, zones })
          const untilMs = lastTickAt + outageMs
          const due: number[] = []
          let at = timing.next(lastTickAt)
          for (; at !== undefined && at <= untilMs; at = timing.next(at)) due.push(at)
          const onTime = due.filter((tickAt) => tickAt >= untilMs - ON_TIME_MS)
          const late = due.filter((tickAt) => tickAt < untilMs - ON_TIME_MS)
          const caughtUp =
            catchUp === 'none'
              ? []
              : catchUp === 'last'
                ? onTime.length > 0
                  ? []
                  : late.slice(-1)
                : late.filter((tickAt) => tickAt >= untilMs - catchUp.withinMs).slice(-catchUp.max)
          expect(dueTicks({ timing, lastTickAt, untilMs, catchUp })).toEqual({
            fire: [...caughtUp, ...onTime],
            newest: due.at(-1),
            nextAt: at,
          })
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('that one server leaves are what the next one finds', () => {
    fc.assert(
      fc.property(
        specs,
        zoneNames,
        instants,
        fc.array(outages, { maxLength: 20 }),
        (spec, zone, start, waits) => {
          const timing = parseSchedule(spec, { zone, zones })
          const catchUp = { max: 10_000, withinMs: Infinity }
          const fired: number[] = []
          let now = start
          for (const waitMs of waits) {
            now += waitMs / 100
            fired.push(...dueTicks({ timing, lastTickAt: fired.at(-1) ?? start, untilMs: now, catchUp }).fire)
          }
          expect(fired).toEqual(dueTicks({ timing, lastTickAt: start, untilMs: now, catchUp }).fire)
        },
      ),
      { numRuns: 300 },
    )
  })
})
