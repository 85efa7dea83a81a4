import { isProblem, type Problem } from './cron-error.ts'
import { parseField, type Field, type FieldBounds } from './field.ts'
import { fieldsOf } from './go-text.ts'

/** The five fields of a specification. */
export interface Fields {
  readonly minute: Field
  readonly hour: Field
  readonly dayOfMonth: Field
  readonly month: Field
  readonly dayOfWeek: Field
}

const MINUTES: FieldBounds = { min: 0, max: 59 }
const HOURS: FieldBounds = { min: 0, max: 23 }
const DAYS_OF_MONTH: FieldBounds = { min: 1, max: 31 }
const MONTHS: FieldBounds = {
  min: 1,
  max: 12,
  names: named(1, 'jan feb mar apr may jun jul aug sep oct nov dec'),
}
const DAYS_OF_WEEK: FieldBounds = { min: 0, max: 6, names: named(0, 'sun mon tue wed thu fri sat') }

function named(first: number, names: string): ReadonlyMap<string, number> {
  return new Map(names.split(' ').map((name, index) => [name, first + index]))
}

/** Reads five fields separated by white space: minute, hour, day of month, month (or name), day of week (or name). */
export function parseFields(text: string): Fields | Problem {
  const texts = fieldsOf(text)
  const [minuteText = '', hourText = '', dayOfMonthText = '', monthText = '', dayOfWeekText = ''] = texts
  if (texts.length !== 5) {
    return { problem: `expected exactly 5 fields, found ${texts.length}: [${texts.join(' ')}]` }
  }
  const minute = parseField(minuteText, MINUTES)
  if (isProblem(minute)) return minute
  const hour = parseField(hourText, HOURS)
  if (isProblem(hour)) return hour
  const dayOfMonth = parseField(dayOfMonthText, DAYS_OF_MONTH)
  if (isProblem(dayOfMonth)) return dayOfMonth
  const month = parseField(monthText, MONTHS)
  if (isProblem(month)) return month
  const dayOfWeek = parseField(dayOfWeekText, DAYS_OF_WEEK)
  if (isProblem(dayOfWeek)) return dayOfWeek
  return { minute, hour, dayOfMonth, month, dayOfWeek }
}

/** Whether a date is a day of the schedule: both day fields must allow it when one of them is a star, else either may. */
export function matchesDay(fields: Fields, dayOfMonth: number, dayOfWeek: number): boolean {
  const isDayOfMonth = fields.dayOfMonth.allowed[dayOfMonth] === 1
  const isDayOfWeek = fields.dayOfWeek.allowed[dayOfWeek] === 1
  if (fields.dayOfMonth.isStar || fields.dayOfWeek.isStar) return isDayOfMonth && isDayOfWeek
  return isDayOfMonth || isDayOfWeek
}
