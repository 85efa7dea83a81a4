import { describe, expect, it } from 'vitest'
import { formatGoDuration, formatGoDurationMs, parseGoDuration } from '../../../src/core/go-duration.ts'
import { thrownBy } from './thrown.ts'

const MS = 1_000_000n
const SECOND = 1_000n * MS

describe('formatGoDuration', () => {
  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_100n, '1.1µs'],
    [1_500_000n, '1.5ms'],
    [100n * MS, '100ms'],
    [1_500n * MS, '1.5s'],
    [10n * SECOND, '10s'],
    [60n * SECOND, '1m0s'],
    [90n * SECOND, '1m30s'],
    [3_600n * SECOND, '1h0m0s'],
    [4n * 3_600n * SECOND, '4h0m0s'],
    [90_061n * SECOND, '25h1m1s'],
    [SECOND + 1n, '1.000000001s'],
    [-1_500n * MS, '-1.5s'],
    [-(2n ** 63n), '-2562047h47m16.854775808s'],
  ])('%d ns is %s', (nanos, text) => {
    expect(formatGoDuration(nanos)).toBe(text)
    expect(parseGoDuration(text)).toBe(nanos)
  })

  it('takes milliseconds too', () => {
    expect(formatGoDurationMs(1_500)).toBe('1.5s')
    expect(formatGoDurationMs(0.25)).toBe('250µs')
  })
})

describe('parseGoDuration', () => {
  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['+5s', 5n * SECOND],
    ['1.5h', 5_400n * SECOND],
    ['.5s', 500n * MS],
    ['1.s', SECOND],
    ['1us1µs1μs', 3_000n],
    ['1h1h', 7_200n * SECOND],
    ['0.9ns', 0n],
    ['0.3333333333333333333h', 1_199_999_999_999n],
    ['9223372036854775807ns', 2n ** 63n - 1n],
  ])('%s is %d ns', (text, nanos) => {
    expect(parseGoDuration(text)).toBe(nanos)
  })

  it.each([
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1s ', 'time: unknown unit "s " in duration "1s "'],
    ['+-1s', 'time: invalid duration'],
    ['9223372036854775808ns', 'time: invalid duration'],
    [`${'9'.repeat(10_000)}h`, 'time: invalid duration'],
    ['-', 'time: invalid duration "-"'],
  ])('refuses "%s"', (text, message) => {
    const error = thrownBy(() => parseGoDuration(text))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toContain(message)
    expect(error.message.length).toBeLessThan(300)
  })
})
