import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../src/periodic/cron/schedule.ts'
import { zoneTable } from '../../../src/periodic/cron/zone-table.ts'

// Chatham's gap of 2026-09-27 goes from 02:45 to 03:45, that is into the middle of an hour. robfig/cron 3.0.1 steps over
// whole hours, so it passes over the rest of that hour, unless the search begins within it. These are its own answers.
const zones = zoneTable()

describe('a gap that ends within an hour, as robfig/cron goes over it', () => {
  it.each([
    ['0-45 3 * * *', '2026-09-26T13:00:00Z', '2026-09-28T03:00:00+13:45'],
    ['0-45 3 * * *', '2026-09-26T10:00:00Z', '2026-09-28T03:00:00+13:45'],
    ['0-45 3 * * *', '2026-09-26T14:01:00Z', '2026-09-28T03:00:00+13:45'],
    ['45 3 * * *', '2026-09-26T13:00:00Z', '2026-09-28T03:45:00+13:45'],
    ['45 3 * * *', '2026-09-26T14:01:00Z', '2026-09-28T03:45:00+13:45'],
    ['50 3 * * *', '2026-09-26T13:00:00Z', '2026-09-28T03:50:00+13:45'],
    ['50 3 * * *', '2026-09-26T14:01:00Z', '2026-09-27T03:50:00+13:45'],
    ['* 3 * * *', '2026-09-26T13:00:00Z', '2026-09-28T03:00:00+13:45'],
    ['* 3 * * *', '2026-09-26T14:01:00Z', '2026-09-27T03:47:00+13:45'],
  ])('%s after %s is %s', (spec, after, next) => {
    const schedule = parseSchedule(spec, { zone: 'Pacific/Chatham', zones })
    expect(schedule.next(Date.parse(after))).toBe(Date.parse(next))
  })
})
