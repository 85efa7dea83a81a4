import { describe, expect, it } from 'vitest'
import { isMachineryError } from '../../../src/core/errors.ts'
import {
  nextRuns,
  parseSchedule,
  type Schedule,
  type ScheduleOptions,
} from '../../../src/periodic/cron/schedule.ts'
import { intlZone } from '../../../src/periodic/cron/time-zone.ts'
import { machineZone, zoneTable } from '../../../src/periodic/cron/zone-table.ts'

/** The next runs as ISO instants without seconds. */
function runs(schedule: Schedule, after: string, count: number): string[] {
  return nextRuns(schedule, Date.parse(after), count).map((at) => new Date(at).toISOString().slice(0, 16))
}

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('parseSchedule', () => {
  it('reads the fields in the zone of this machine unless told otherwise', () => {
    expect(parseSchedule('0 5 * * *').zone).toBe(machineZone())
    expect(parseSchedule('TZ=Local 0 5 * * *', { zone: 'Asia/Tokyo' }).zone).toBe(machineZone())
    expect(parseSchedule('0 5 * * *', { zone: 'Asia/Tokyo' }).zone).toBe('Asia/Tokyo')
    expect(parseSchedule('CRON_TZ=US/Eastern 0 5 * * *', { zone: 'Asia/Tokyo' }).zone).toBe('US/Eastern')
    expect(parseSchedule('TZ= 0 5 * * *', { zone: 'Asia/Tokyo' }).zone).toBe('UTC')
  })

  it('keeps the specification as written', () => {
    expect(parseSchedule('CRON_TZ=Asia/Tokyo  0 5 * * *').spec).toBe('CRON_TZ=Asia/Tokyo  0 5 * * *')
  })

  it('names what is wrong with a specification in the words of robfig/cron', () => {
    const error = thrownBy(() => parseSchedule(`60 * * * *${' '.repeat(300)}`))
    expect(isMachineryError(error, 'ERR_OPTION_INVALID')).toBe(true)
    expect(error).toMatchObject({
      message: 'end of range (60) above maximum (59): 60',
      details: { spec: `60 * * * *${' '.repeat(190)}` },
    })
  })

  it.each([
    [{ zone: 'Bad/Zone' }, 'zone is "Bad/Zone"; an IANA time zone such as "Europe/Berlin" is right'],
    [{ zone: 5 }, 'zone is 5; an IANA time zone such as "Europe/Berlin" is right'],
    [{ dst: 'auto' }, 'dst is "auto"; go, shift, utc is right'],
    [{ timezone: 'UTC' }, 'a schedule has the unknown option "timezone"; known are zone, dst, zones'],
  ])('refuses the options %j', (options, message) => {
    const error = thrownBy(() => parseSchedule('@daily', options as ScheduleOptions))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', message })
  })

  it('refuses a specification that is no text', () => {
    const error = thrownBy(() => parseSchedule(5 as unknown as string))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })
})

describe('next', () => {
  it.each([Number.NaN, Infinity, -Infinity, 8.64e15 + 1])('refuses %d', (afterMs) => {
    const error = thrownBy(() => parseSchedule('@daily', { zone: 'UTC' }).next(afterMs))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', details: { option: 'afterMs' } })
  })

  it.each(['UTC', 'America/New_York', 'Pacific/Apia'])('has an answer at both ends of time in %s', (zone) => {
    const schedule = parseSchedule('* * * * *', { zone })
    const [first = 0] = nextRuns(schedule, -8.64e15, 1)
    // Before there was a standard time, offsets had seconds.
    expect(first).toBeGreaterThan(-8.64e15)
    expect(first).toBeLessThanOrEqual(-8.64e15 + 60_000)
    expect(schedule.next(8.64e15 - 60_000)).toBe(8.64e15)
    expect(schedule.next(8.64e15)).toBeUndefined()
  })

  it('is strictly after, to the millisecond', () => {
    const schedule = parseSchedule('*/5 * * * *', { zone: 'UTC' })
    const noon = Date.UTC(2026, 5, 1, 12)
    expect([-1, -0.5, 0, 0.5, 1].map((ms) => schedule.next(noon + ms))).toEqual([
      noon,
      noon,
      noon + 300_000,
      noon + 300_000,
      noon + 300_000,
    ])
  })

  it('searches the five years after that of the given instant', () => {
    const leapDay = parseSchedule('0 0 29 2 *', { zone: 'UTC' })
    expect(runs(leapDay, '2096-02-29T00:00Z', 1)).toEqual([])
    expect(runs(leapDay, '2099-01-01T00:00Z', 1)).toEqual(['2104-02-29T00:00'])
    expect(runs(parseSchedule('0 0 30 2 *', { zone: 'UTC' }), '2026-01-01T00:00Z', 1)).toEqual([])
  })

  it.each([
    ['0 0 29 2 *', 500],
    ['0 0 30 2 *', 2_000],
    [', * * * *', 0],
    ['59 23 31 12 *', 1_000],
  ])('asks for few offsets: %s', (spec, limit) => {
    const zone = intlZone('America/New_York')
    let asked = 0
    const spanAt = (at: number) => {
      asked += 1
      return zone.spanAt(at)
    }
    const schedule = parseSchedule(spec, { zones: { zone: () => ({ name: zone.name, spanAt }) } })
    schedule.next(Date.UTC(2026, 5, 1))
    expect(asked).toBeLessThanOrEqual(limit)
  })
})

describe('@every', () => {
  it('counts from the second that holds the given instant', () => {
    const schedule = parseSchedule('@every 1m30.9s', { zone: 'Asia/Tokyo' })
    expect(schedule.next(Date.UTC(2026, 0, 1, 0, 0, 7, 999))).toBe(Date.UTC(2026, 0, 1, 0, 1, 37))
    expect(schedule.next(-1)).toBe(89_000)
  })

  it.each(['0', '1ms', '-1h', '1.9s'])('is never below a second: %s', (duration) => {
    expect(parseSchedule(`@every ${duration}`).next(500)).toBe(1_000)
  })
})

describe('dst: go', () => {
  it('leaves out what is skipped and doubles what is repeated', () => {
    const night = parseSchedule('30 2 * * *', { zone: 'Europe/Berlin' })
    expect(runs(night, '2026-03-28T00:00Z', 2)).toEqual(['2026-03-28T01:30', '2026-03-30T00:30'])
    expect(runs(night, '2026-10-24T12:00Z', 3)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-26T01:30',
    ])
  })

  it('passes a day that a zone never had, where Go steps for ever', () => {
    const newYear = parseSchedule('0 0 31 12 *', { zone: 'Pacific/Apia' })
    expect(runs(newYear, '2011-12-29T00:00Z', 1)).toEqual(['2011-12-30T10:00'])
    const skipped = parseSchedule('0 0 30 12 *', { zone: 'Pacific/Apia' })
    expect(runs(skipped, '2011-12-28T00:00Z', 1)).toEqual(['2012-12-29T10:00'])
  })

  it('does not go back, where Go answers the first of two midnights after the second evening', () => {
    const sunday = parseSchedule('0 0 * * 0', { zone: 'America/St_Johns' })
    expect(runs(sunday, '2010-11-06T12:00Z', 1)).toEqual(['2010-11-07T02:30'])
    expect(runs(sunday, '2010-11-07T03:00Z', 2)).toEqual(['2010-11-07T03:30', '2010-11-14T03:30'])
  })
})

describe('dst: shift', () => {
  const inBerlin = (spec: string): Schedule => parseSchedule(spec, { zone: 'Europe/Berlin', dst: 'shift' })

  it('runs at the first instant after the gap that swallowed it, once', () => {
    expect(runs(inBerlin('30 2 * * *'), '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ])
    expect(runs(inBerlin('*/10 2,3 * * *'), '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-29T01:10',
    ])
  })

  it('runs in the first pass of a repeated hour only', () => {
    expect(runs(inBerlin('0,30 2 * * *'), '2026-10-25T00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:00',
    ])
    expect(runs(inBerlin('30 2 * * *'), '2026-10-25T00:45Z', 1)).toEqual(['2026-10-26T01:30'])
    expect(runs(inBerlin('30 2 * * *'), '2026-10-25T01:15Z', 1)).toEqual(['2026-10-26T01:30'])
  })

  it.each(['30 * * * *', '30 0-23 * * *'])('runs in both passes when every hour is meant: %s', (spec) => {
    expect(runs(inBerlin(spec), '2026-10-25T00:00Z', 3)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
    ])
    expect(runs(inBerlin(spec), '2026-03-29T00:00Z', 2)).toEqual(['2026-03-29T00:30', '2026-03-29T01:30'])
  })

  it('runs at the very instant of a change that shows one of its times', () => {
    expect(runs(inBerlin('0 * * * *'), '2026-03-28T23:30Z', 3)).toEqual([
      '2026-03-29T00:00',
      '2026-03-29T01:00',
      '2026-03-29T02:00',
    ])
    expect(runs(inBerlin('0 * * * *'), '2026-10-25T00:00Z', 2)).toEqual([
      '2026-10-25T01:00',
      '2026-10-25T02:00',
    ])
  })

  it('runs a skipped day at its end', () => {
    const noon = parseSchedule('0 12 * * *', { zone: 'Pacific/Apia', dst: 'shift' })
    expect(runs(noon, '2011-12-29T00:00Z', 3)).toEqual([
      '2011-12-29T22:00',
      '2011-12-30T10:00',
      '2011-12-30T22:00',
    ])
  })
})

describe('dst: utc', () => {
  it('reads the fields in UTC, whatever zone is named', () => {
    const schedule = parseSchedule('CRON_TZ=Europe/Berlin 30 2 * * *', { dst: 'utc' })
    expect(schedule.zone).toBe('UTC')
    expect(runs(schedule, '2026-03-29T00:00Z', 1)).toEqual(['2026-03-29T02:30'])
  })

  it('still refuses a zone that does not exist', () => {
    const error = thrownBy(() => parseSchedule('TZ=Bad/Zone @daily', { dst: 'utc' }))
    expect(error).toMatchObject({ message: 'provided bad location Bad/Zone: unknown time zone Bad/Zone' })
  })
})

describe('nextRuns', () => {
  it('gives what there is, to the count', () => {
    const schedule = parseSchedule('0 9 * * mon', { zone: 'UTC' })
    expect(runs(schedule, '2026-01-01T00:00Z', 2)).toEqual(['2026-01-05T09:00', '2026-01-12T09:00'])
    expect(runs(schedule, '2026-01-01T00:00Z', 0)).toEqual([])
    expect(runs(parseSchedule('0 0 31 2 *'), '2026-01-01T00:00Z', 3)).toEqual([])
  })
})

describe('zoneTable', () => {
  it('gives one zone per name', () => {
    const zones = zoneTable()
    expect(zones.zone('Asia/Tokyo')).toBe(zones.zone('Asia/Tokyo'))
    expect(zones.zone('Local')).toBe(zones.zone(machineZone()))
  })
})
