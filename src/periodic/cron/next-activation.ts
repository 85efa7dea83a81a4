import { dateOf, DAY_MS, dayOfWeekOf, HOUR_MS, midnightOf, MINUTE_MS, type CivilDate } from './civil-date.ts'
import { matchesDay, type Fields } from './fields.ts'
import type { TimeZone } from './time-zone.ts'

const SECOND_MS = 1_000
const SEARCHED_YEARS = 5

/** Where the search stands. */
interface Cursor {
  readonly fields: Fields
  readonly zone: TimeZone
  /** Epoch ms. */
  at: number
  /** What the wall clock shows at that instant, and its date. */
  wall: number
  date: CivilDate
  /** Start of that date, so that it is computed once a day only. */
  midnight: number
  /** Something was stepped, so that everything finer stands at its beginning. */
  hasStepped: boolean
}

/**
 * The first activation after an instant, found as robfig/cron v3 finds it (`SpecSchedule.Next`): month, day, hour and
 * minute are stepped in turn on the wall clock until they match, and a carry begins anew. What that means at a change of
 * the offset is part of the dialect: a skipped wall time does not run, a repeated one runs twice, and the day of a skipped
 * midnight may be passed over.
 *
 * Two defects are not kept. Where Go steps for ever because a whole day is missing (Pacific/Apia, 2011-12-30), that day is
 * passed; where Go answers an instant that is not after the given one (America/St_Johns to 2011), the search goes on.
 *
 * @returns epoch ms, strictly after `afterMs`; undefined when there is none within five years.
 */
export function nextActivation(fields: Fields, zone: TimeZone, afterMs: number): number | undefined {
  if (fields.minute.isEmpty || fields.hour.isEmpty || fields.month.isEmpty) return undefined
  let found = search(fields, zone, afterMs)
  for (let minute = Math.floor(afterMs / MINUTE_MS) + 1; found !== undefined && found <= afterMs; minute++) {
    found = search(fields, zone, minute * MINUTE_MS - 1)
  }
  return found
}

function search(fields: Fields, zone: TimeZone, afterMs: number): number | undefined {
  const cursor: Cursor = {
    fields,
    zone,
    at: 0,
    wall: 0,
    date: { year: 1970, month: 1, day: 1 },
    midnight: 0,
    hasStepped: false,
  }
  moveTo(cursor, (Math.floor(afterMs / SECOND_MS) + 1) * SECOND_MS)
  const lastYear = cursor.date.year + SEARCHED_YEARS
  while (cursor.date.year <= lastYear) {
    if (
      findMonth(cursor) &&
      findDay(cursor) &&
      findHour(cursor) &&
      findMinute(cursor) &&
      findSecond(cursor)
    ) {
      return cursor.at
    }
  }
  return undefined
}

function moveTo(cursor: Cursor, at: number): void {
  cursor.at = at
  cursor.wall = at + cursor.zone.spanAt(at).offset
  const sinceMidnight = cursor.wall - cursor.midnight
  if (sinceMidnight >= 0 && sinceMidnight < DAY_MS) return
  cursor.midnight = Math.floor(cursor.wall / DAY_MS) * DAY_MS
  cursor.date = dateOf(cursor.wall)
}

// Each of the following steps to the first match and answers true, or false after a carry into what is coarser.

function findMonth(cursor: Cursor): boolean {
  const { zone, fields } = cursor
  while (fields.month.allowed[cursor.date.month] !== 1) {
    if (!cursor.hasStepped) {
      cursor.hasStepped = true
      moveTo(cursor, instantOf(zone, midnightOf(cursor.date.year, cursor.date.month, 1)))
    }
    // Where midnight does not exist, this is not the first of the month.
    const { year, month, day } = cursor.date
    const next = instantOf(zone, midnightOf(year, month + 1, day) + cursor.wall - cursor.midnight)
    moveTo(cursor, next > cursor.at ? next : cursor.at + DAY_MS)
    if (cursor.date.month === 1) return false
  }
  return true
}

function findDay(cursor: Cursor): boolean {
  const { zone, fields } = cursor
  while (!matchesDay(fields, cursor.date.day, dayOfWeekOf(cursor.midnight))) {
    if (!cursor.hasStepped) {
      cursor.hasStepped = true
      moveTo(cursor, instantOf(zone, cursor.midnight))
    }
    const next = atMidnight(zone, instantOf(zone, cursor.wall + DAY_MS))
    moveTo(cursor, next > cursor.at ? next : atMidnight(zone, instantOf(zone, cursor.wall + 2 * DAY_MS)))
    if (cursor.date.day === 1) return false
  }
  return true
}

/** Go's correction for a midnight that does not exist: by whole hours, as if every hour of that night did. */
function atMidnight(zone: TimeZone, at: number): number {
  const wall = at + zone.spanAt(at).offset
  const hour = Math.floor((wall - Math.floor(wall / DAY_MS) * DAY_MS) / HOUR_MS)
  if (hour === 0) return at
  return hour > 12 ? at + (24 - hour) * HOUR_MS : at - hour * HOUR_MS
}

function findHour(cursor: Cursor): boolean {
  const { zone, fields } = cursor
  while (fields.hour.allowed[hourOf(cursor)] !== 1) {
    if (!cursor.hasStepped) {
      cursor.hasStepped = true
      moveTo(cursor, instantOf(zone, Math.floor(cursor.wall / HOUR_MS) * HOUR_MS))
    }
    moveTo(cursor, cursor.at + HOUR_MS)
    if (hourOf(cursor) === 0) return false
  }
  return true
}

function findMinute(cursor: Cursor): boolean {
  while (cursor.fields.minute.allowed[minuteOf(cursor)] !== 1) {
    if (!cursor.hasStepped) {
      cursor.hasStepped = true
      moveTo(cursor, Math.floor(cursor.at / MINUTE_MS) * MINUTE_MS)
    }
    moveTo(cursor, cursor.at + MINUTE_MS)
    if (minuteOf(cursor) === 0) return false
  }
  return true
}

function findSecond(cursor: Cursor): boolean {
  const untilMinute = Math.ceil(cursor.wall / MINUTE_MS) * MINUTE_MS - cursor.wall
  if (untilMinute === 0) return true
  cursor.hasStepped = true
  moveTo(cursor, cursor.at + untilMinute)
  return false
}

function hourOf({ wall, midnight }: Cursor): number {
  return Math.floor((wall - midnight) / HOUR_MS)
}

function minuteOf({ wall, midnight }: Cursor): number {
  return Math.floor((wall - midnight) / MINUTE_MS) % 60
}

/** As Go's `time.Date`: where the wall time is skipped or repeated, the one of the two offsets that Go picks. */
function instantOf(zone: TimeZone, wall: number): number {
  const { from, until, offset } = zone.spanAt(wall)
  const at = wall - offset
  if (at >= from && at < until) return at
  return wall - zone.spanAt(at).offset
}
