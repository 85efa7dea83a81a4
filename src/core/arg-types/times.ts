import type { JsonText } from '../message.ts'
import { formatRfc3339, type Instant, parseRfc3339 } from '../rfc3339.ts'
import { type ArgType, conversionError, notEncodable } from './arg-type.ts'
import { stringOf } from './scalars.ts'

const TIME = 'time.Time'
const YEARS = 'a valid time in the years 0000 to 9999'

/** A time that keeps its text, with nanoseconds and offset. */
export interface ExactTime extends Instant {
  /** RFC 3339; what is written again. */
  readonly text: string
}

/** A time as a Date, which has milliseconds; `exact` keeps nanoseconds, offset and text. */
export interface TimeType extends ArgType<Date> {
  readonly exact: ArgType<ExactTime>
}

function instantOf(text: string): Instant {
  const instant = parseRfc3339(text)
  if (instant === undefined) throw conversionError('expected RFC3339Nano time string', TIME)
  return instant
}

/**
 * The time of an RFC 3339 text, for `time.exact`.
 * @throws `ERR_DECODE` when the text is no RFC 3339 time.
 */
export function exactTime(text: string): ExactTime {
  return { text, ...instantOf(text) }
}

function encodeDate(value: Date): JsonText {
  const text = value instanceof Date ? formatRfc3339(value.getTime()) : undefined
  if (text === undefined) throw notEncodable(value, TIME, YEARS)
  return `"${text}"`
}

/** At most 9 digits of fraction, after a point: what every Go version reads. */
const PORTABLE = /^[^.,]*(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

const exact: ArgType<ExactTime> = {
  typeName: TIME,
  encode({ text }) {
    if (typeof text === 'string' && PORTABLE.test(text) && parseRfc3339(text) !== undefined)
      return `"${text}"`
    throw notEncodable(text, TIME, 'RFC 3339 with at most 9 digits of fraction')
  },
  decode: (text) => exactTime(stringOf(text, TIME)),
}

/** Go's `time.Time` (fork only): Date in UTC with milliseconds. What must stay exact is declared `time.exact`. */
export const time: TimeType = {
  typeName: TIME,
  encode: encodeDate,
  decode: (text) => new Date(instantOf(stringOf(text, TIME)).epochMs),
  exact,
}
