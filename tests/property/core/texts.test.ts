import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatGoDuration, parseGoDuration } from '../../../src/core/go-duration.ts'
import { redactUrl } from '../../../src/core/redact-url.ts'
import { formatRetryPolicy, parseRetryPolicy, type DataRetryPolicy } from '../../../src/core/retry-policy.ts'
import { formatRfc3339, parseRfc3339 } from '../../../src/core/rfc3339.ts'

describe('texts', () => {
  it('durations round trip over the whole range', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanos) => {
        expect(parseGoDuration(formatGoDuration(nanos))).toBe(nanos)
      }),
    )
  })

  it('times round trip with nanoseconds and offset, and agree with Date', () => {
    const epochMs = fc.integer({ min: -62_135_596_800_000, max: 253_402_214_400_000 })
    const nanos = fc.integer({ min: 0, max: 999_999 })
    const offsetMinutes = fc.integer({ min: -1_439, max: 1_439 })
    fc.assert(
      fc.property(fc.record({ epochMs, nanos, offsetMinutes }), (instant) => {
        const text = formatRfc3339(instant.epochMs, instant.nanos, instant.offsetMinutes)
        fc.pre(text !== undefined)
        expect(parseRfc3339(text)).toEqual(instant)
        expect(Date.parse(text)).toBe(instant.epochMs)
      }),
    )
  })

  it('days that the engine does not have are refused, and all others read alike', () => {
    const two = (value: number): string => String(value).padStart(2, '0')
    const days = fc.tuple(fc.integer({ min: 1, max: 9_999 }), fc.nat({ max: 13 }), fc.nat({ max: 32 }))
    fc.assert(
      fc.property(days, ([year, month, day]) => {
        const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T00:00:00Z`
        const date = new Date(0)
        date.setUTCFullYear(year, month - 1, day)
        const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
        expect(parseRfc3339(text)?.epochMs).toBe(exists ? date.getTime() : undefined)
      }),
      { numRuns: 1_000 },
    )
  })

  it('retry policies round trip', () => {
    const ms = fc.integer({ min: 1, max: 1_000_000_000 })
    const policy: fc.Arbitrary<DataRetryPolicy> = fc.oneof(
      fc.constant('fibonacci' as const),
      fc.record({ kind: fc.constant('fixed' as const), delayMs: ms }),
      fc
        .record({
          kind: fc.constant('exponential' as const),
          baseMs: ms,
          maxMs: ms,
          jitter: fc.constantFrom('full' as const, 'none' as const),
        })
        .map((each) => ({ ...each, maxMs: Math.max(each.baseMs, each.maxMs) })),
    )
    fc.assert(
      fc.property(policy, (each) => {
        expect(parseRetryPolicy(formatRetryPolicy(each))).toEqual(each)
      }),
    )
  })

  it('a password is never shown', () => {
    const password = fc.string({ minLength: 1 }).map((rest) => `S3CRET${rest}S3CRET`)
    fc.assert(
      fc.property(password, (secret) => {
        expect(redactUrl(`redis://user:${secret}@host:1/2`)).not.toContain('S3CRET')
        expect(redactUrl(`redis://${encodeURIComponent(secret)}@host`)).toBe('redis://host')
      }),
    )
  })
})
