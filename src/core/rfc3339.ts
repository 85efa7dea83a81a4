/** A moment with the precision and offset of its text. */
export interface Instant {
  /** Epoch milliseconds, rounded down. */
  readonly epochMs: number
  /** 0…999,999 nanoseconds past `epochMs`. */
  readonly nanos: number
  /** Minutes east of UTC; 0 for `Z`. */
  readonly offsetMinutes: number
}

/** Go's zero time: a time that is not known. */
export const ZERO_TIME = '0001-01-01T00:00:00Z'

const MS_PER_MINUTE = 60_000
const MS_PER_DAY = 86_400_000

const ZERO = 0x30
const Z = 0x5a

/**
 * Reads a time as Go's RFC 3339 parser does: the fraction is optional, may follow a comma, and is cut after 9 digits;
 * the offset is `Z` or ±hh:mm; second 60, hour 24 and days that do not exist are refused (go-core 2.4).
 */
export function parseRfc3339(text: string): Instant | undefined {
  const date = dateAt(text)
  const time = timeAt(text)
  if (Number.isNaN(date + time)) return undefined
  const fractionEnd = skipFraction(text)
  const offsetMinutes = offsetAt(text, fractionEnd)
  if (Number.isNaN(offsetMinutes)) return undefined
  const fraction = fractionEnd > 19 ? text.slice(20, Math.min(fractionEnd, 29)).padEnd(9, '0') : '000000000'
  const epochMs = date + time + Number(fraction.slice(0, 3)) - offsetMinutes * MS_PER_MINUTE
  return { epochMs, nanos: Number(fraction.slice(3)), offsetMinutes }
}

/** The number written in two digits at `at`, or NaN. */
function twoDigits(text: string, at: number): number {
  if (at + 2 > text.length) return Number.NaN
  const tens = text.charCodeAt(at) - ZERO
  const ones = text.charCodeAt(at + 1) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

const inRange = (value: number, least: number, most: number): number =>
  value >= least && value <= most ? value : Number.NaN

/** Epoch milliseconds at which the day of `YYYY-MM-DDT…` begins, or NaN. */
function dateAt(text: string): number {
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T') return Number.NaN
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = inRange(twoDigits(text, 5), 1, 12)
  const day = inRange(twoDigits(text, 8), 1, daysIn(year, month))
  // Counted in years that begin in March, so that a leap day ends its year.
  const march = month > 2 ? year : year - 1
  const leapDays = Math.floor(march / 4) - Math.floor(march / 100) + Math.floor(march / 400)
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return (march * 365 + leapDays + dayOfYear - DAYS_TO_EPOCH) * MS_PER_DAY
}

/** Days from 0000-03-01 to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Milliseconds of the whole seconds of `…THH:MM:SS`, or NaN. */
function timeAt(text: string): number {
  if (text[13] !== ':' || text[16] !== ':') return Number.NaN
  const hour = inRange(twoDigits(text, 11), 0, 23)
  const minute = inRange(twoDigits(text, 14), 0, 59)
  return ((hour * 60 + minute) * 60 + inRange(twoDigits(text, 17), 0, 59)) * 1000
}

/** Where the fraction behind the seconds ends; there, when there is none. A separator alone is none. */
function skipFraction(text: string): number {
  if (text[19] !== '.' && text[19] !== ',') return 19
  let at = 20
  while (at < text.length && text.charCodeAt(at) >= ZERO && text.charCodeAt(at) <= ZERO + 9) at += 1
  return at > 20 ? at : 19
}

/** Minutes of the offset that the text ends with, or NaN. */
function offsetAt(text: string, at: number): number {
  if (text.charCodeAt(at) === Z) return text.length === at + 1 ? 0 : Number.NaN
  const sign = text[at]
  if ((sign !== '+' && sign !== '-') || text[at + 3] !== ':' || text.length !== at + 6) return Number.NaN
  const minutes = inRange(twoDigits(text, at + 1), 0, 23) * 60 + inRange(twoDigits(text, at + 4), 0, 59)
  return sign === '-' ? 0 - minutes : minutes
}

/**
 * A time as Go writes it: fraction without trailing zeros, `Z` for offset 0.
 * Undefined when the local year is outside 0000…9999, or a part is not an integer in its range: it has no such text.
 */
export function formatRfc3339(epochMs: number, nanos = 0, offsetMinutes = 0): string | undefined {
  const local = new Date(epochMs + offsetMinutes * MS_PER_MINUTE)
  const year = local.getUTCFullYear()
  const fits = Number.isInteger(epochMs) && Number.isInteger(nanos) && nanos >= 0 && nanos < 1_000_000
  if (!fits || !Number.isInteger(offsetMinutes) || Math.abs(offsetMinutes) >= 1440) return undefined
  if (!(year >= 0 && year <= 9999)) return undefined
  const iso = local.toISOString()
  const digits = (iso.slice(20, 23) + String(nanos).padStart(6, '0')).replace(/0+$/, '')
  return `${iso.slice(0, 19)}${digits === '' ? '' : `.${digits}`}${formatOffset(offsetMinutes)}`
}

function formatOffset(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z'
  const minutes = Math.abs(offsetMinutes)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** Of the last second that was written: most texts are of the same one. */
let second = Number.NaN
let secondText = ''

/** The wall time as the product stores it: RFC 3339, UTC. `epochMs` must lie in the years 0000…9999. */
export function nowRfc3339(epochMs: number): string {
  const ms = Math.floor(epochMs)
  const own = Math.floor(ms / 1_000)
  if (own !== second) {
    secondText = formatRfc3339(own * 1_000)?.slice(0, -1) ?? ''
    second = own
  }
  if (secondText === '') return ZERO_TIME
  const fraction = ms - own * 1_000
  if (fraction === 0) return `${secondText}Z`
  return `${secondText}.${String(fraction).padStart(3, '0').replace(/0+$/, '')}Z`
}
