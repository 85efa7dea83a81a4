import { MachineryError } from './errors.ts'

const NANOS_PER_SECOND = 1_000_000_000n
const NANOS_PER_MINUTE = 60n * NANOS_PER_SECOND
const NANOS_PER_HOUR = 60n * NANOS_PER_MINUTE

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', NANOS_PER_SECOND],
  ['m', NANOS_PER_MINUTE],
  ['h', NANOS_PER_HOUR],
])

/** A duration in nanoseconds as Go prints it: `0s`, `1.5ms`, `1m30s`, `25h1m1s` (go-core, appendix B). */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  if (nanos < 0n) return `-${formatGoDuration(-nanos)}`
  if (nanos < 1_000n) return `${nanos}ns`
  if (nanos < 1_000_000n) return `${decimal(nanos, 1_000n)}µs`
  if (nanos < NANOS_PER_SECOND) return `${decimal(nanos, 1_000_000n)}ms`
  const hours = nanos / NANOS_PER_HOUR
  const minutes = (nanos % NANOS_PER_HOUR) / NANOS_PER_MINUTE
  const seconds = `${decimal(nanos % NANOS_PER_MINUTE, NANOS_PER_SECOND)}s`
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${minutes}m${seconds}` : seconds
}

/** As `formatGoDuration`, from milliseconds; parts of a nanosecond are dropped. */
export function formatGoDurationMs(ms: number): string {
  return formatGoDuration(BigInt(Math.trunc(ms * 1_000_000)))
}

function decimal(nanos: bigint, unit: bigint): string {
  const fraction = String(nanos % unit).padStart(String(unit).length - 1, '0')
  return `${nanos / unit}.${fraction}`.replace(/\.?0+$/, '')
}

/**
 * The nanoseconds of a duration in Go's format: a sign, then numbers with the units ns, us, µs, ms, s, m, h; or `0`.
 * Parts of a nanosecond are dropped.
 * @throws `ERR_OPTION_INVALID` with Go's text when it is none, or beyond 2^63 nanoseconds (292 years).
 */
export function parseGoDuration(text: string): bigint {
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  const body = text.slice(sign.length)
  if (body === '0') return 0n
  if (body === '') throw invalid(text)
  let total = 0n
  for (let rest = body; rest !== '';) {
    const [part = '', whole = '', fraction = '', unit = ''] = /^(\d*)\.?(\d*)([^\d.]*)/.exec(rest) ?? []
    if (whole === '' && fraction === '') throw invalid(text)
    total += nanosOf(text, whole, fraction, unit)
    rest = rest.slice(part.length)
  }
  const nanos = sign === '-' ? -total : total
  if (BigInt.asIntN(64, nanos) !== nanos) throw invalid(text)
  return nanos
}

function nanosOf(text: string, whole: string, fraction: string, unit: string): bigint {
  if (unit === '') throw invalid(text, `missing unit in duration ${shown(text)}`)
  const nanos = UNITS.get(unit)
  if (nanos === undefined) throw invalid(text, `unknown unit ${shown(unit)} in duration ${shown(text)}`)
  if (whole.length > 20) throw invalid(text)
  const digits = fraction.slice(0, 18)
  return BigInt(whole || '0') * nanos + (BigInt(digits || '0') * nanos) / 10n ** BigInt(digits.length)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

function invalid(text: string, problem = `invalid duration ${shown(text)}`): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', `time: ${problem}; write it like 1m30s`, {
    details: { value: text.slice(0, 100) },
  })
}
