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

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

const MS_PER_MINUTE = 60_000

/**
 * Reads a time as Go's RFC 3339 parser does: the fraction is optional, may follow a comma, and is cut after 9 digits;
 * the offset is `Z` or ±hh:mm; second 60, hour 24 and days that do not exist are refused (go-core 2.4).
 */
export function parseRfc3339(text: string): Instant | undefined {
  const parts = SHAPE.exec(text)
  if (parts === null) return undefined
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = parts
  const fraction = (parts[7] ?? '').slice(0, 9).padEnd(9, '0')
  const offset = offsetOf(parts[8], parts[9], parts[10])
  const date = dateOf(Number(year), Number(month), Number(day))
  if (date === undefined || offset === undefined) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second)
  const epochMs = date + seconds * 1000 + Number(fraction.slice(0, 3)) - offset * MS_PER_MINUTE
  return { epochMs, nanos: Number(fraction.slice(3)), offsetMinutes: offset }
}

function offsetOf(sign = '', hours = '0', minutes = '0'): number | undefined {
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = Number(hours) * 60 + Number(minutes)
  return sign === '-' ? 0 - offset : offset
}

function dateOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
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

/** The wall time as the product stores it: RFC 3339, UTC. `epochMs` must lie in the years 0000…9999. */
export function nowRfc3339(epochMs: number): string {
  return formatRfc3339(Math.floor(epochMs)) ?? ZERO_TIME
}
