import { describe, expect, it } from 'vitest'
import {
  checkRetryPolicy,
  type DataRetryPolicy,
  fibonacciNext,
  formatRetryPolicy,
  nextRetry,
  parseRetryPolicy,
  type RetryPolicy,
} from '../../../src/core/retry-policy.ts'
import { thrownBy } from './thrown.ts'

const never = (): number => {
  throw new Error('randomness is not needed here')
}
const failed = (attempt: number, retryTimeoutSeconds = 0) => ({ attempt, retryTimeoutSeconds, error: 'boom' })

describe('fibonacci', () => {
  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 5],
    [4, 5],
    [5, 8],
    [8, 13],
    [-1, 1],
  ])('the next above %d is %d', (n, next) => {
    expect(fibonacciNext(n)).toBe(next)
  })

  it('waits 1, 2, 3, 5, 8, 13 seconds, carried on by RetryTimeout', () => {
    const waits: number[] = []
    let seconds = 0
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      const next = nextRetry('fibonacci', failed(attempt, seconds), never)
      seconds = next.retryTimeoutSeconds
      waits.push(next.delayMs)
    }
    expect(waits).toEqual([1_000, 2_000, 3_000, 5_000, 8_000, 13_000])
  })

  it('ends for a hostile RetryTimeout', () => {
    expect(nextRetry('fibonacci', failed(1, Number.MAX_SAFE_INTEGER), never).delayMs).toBeLessThan(2e12)
  })
})

describe('other policies', () => {
  it('fixed waits the same each time', () => {
    expect(nextRetry({ kind: 'fixed', delayMs: 1_500 }, failed(9), never)).toEqual({
      delayMs: 1_500,
      retryTimeoutSeconds: 2,
    })
  })

  it('exponential doubles up to its maximum', () => {
    const policy: RetryPolicy = { kind: 'exponential', baseMs: 100, maxMs: 1_000, jitter: 'none' }
    const waits = [1, 2, 3, 4, 5, 2_000].map((attempt) => nextRetry(policy, failed(attempt), never).delayMs)
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('full jitter spreads from nothing to the whole delay', () => {
    const policy: RetryPolicy = { kind: 'exponential', baseMs: 100, maxMs: 1_000, jitter: 'full' }
    const at = (random: number): number => nextRetry(policy, failed(2), () => random).delayMs
    expect([at(0), at(0.5), at(0.999_999)]).toEqual([0, 100, 200])
  })

  it('a function gets the attempt and the error', () => {
    const policy: RetryPolicy = {
      kind: 'function',
      delayMs: (attempt, error) => (error === 'boom' ? attempt * 10.5 : 0),
    }
    expect(nextRetry(policy, failed(3), never)).toEqual({ delayMs: 32, retryTimeoutSeconds: 1 })
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, '5' as unknown as number])(
    'refuses %o of a function',
    (answer) => {
      const error = thrownBy(() => nextRetry({ kind: 'function', delayMs: () => answer }, failed(1), never))
      expect(error.code).toBe('ERR_OPTION_INVALID')
      expect(error.message).toContain(
        `retry.delayMs() is ${answer}; it must be a finite number of milliseconds`,
      )
    },
  )
})

describe('checkRetryPolicy', () => {
  it.each([
    ['fibonacci'],
    [{ kind: 'fixed', delayMs: 0 }],
    [{ kind: 'exponential', baseMs: 1, maxMs: 1, jitter: 'full' }],
    [{ kind: 'function', delayMs: () => 1 }],
  ] as RetryPolicy[][])('accepts %o', (policy) => {
    expect(checkRetryPolicy(policy)).toBe(policy)
  })

  it.each([
    [
      { kind: 'fixed', delayMs: -1 },
      'retry.delayMs is -1; it must be an integer of milliseconds, at least 0',
    ],
    [{ kind: 'fixed' }, 'retry.delayMs is undefined'],
    [{ kind: 'exponential', baseMs: 0, maxMs: 1, jitter: 'full' }, 'retry.baseMs is 0'],
    [
      { kind: 'exponential', baseMs: 10, maxMs: 9, jitter: 'full' },
      'retry.maxMs is 9; it must be an integer of milliseconds, at least 10',
    ],
    [
      { kind: 'exponential', baseMs: 1, maxMs: 9, jitter: 'half' },
      "retry.jitter is half; it must be 'full' or 'none'",
    ],
    [{ kind: 'function' }, 'retry is function'],
    [{ kind: 'linear' }, "retry is linear; it must be 'fibonacci', or an object of kind"],
    ['linear', 'retry is linear'],
    [null, 'retry is null'],
    [undefined, 'retry is undefined'],
  ])('refuses %o', (policy, message) => {
    const error = thrownBy(() => checkRetryPolicy(policy as RetryPolicy))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toContain(message)
  })
})

describe('the header mq-retry', () => {
  it.each([
    ['fibonacci', 'fibonacci'],
    [{ kind: 'fixed', delayMs: 5_000 }, 'fixed 5000'],
    [{ kind: 'exponential', baseMs: 100, maxMs: 60_000, jitter: 'full' }, 'exponential 100 60000 full'],
  ] as [DataRetryPolicy, string][])('%o is %s', (policy, text) => {
    expect(formatRetryPolicy(policy)).toBe(text)
    expect(parseRetryPolicy(text)).toEqual(policy)
  })

  it.each([
    '',
    'fixed',
    'fixed 1.5',
    'fixed -1',
    'fixed 5 5',
    'fixed 05',
    'exponential 1 2',
    'exponential 2 1 full',
    'x',
  ])('refuses "%s"', (text) => {
    expect(thrownBy(() => parseRetryPolicy(text)).code).toBe('ERR_OPTION_INVALID')
  })
})
