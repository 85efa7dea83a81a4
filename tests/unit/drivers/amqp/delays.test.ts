import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { delayRoute, LONGEST_WAIT_MS } from '../../../../src/drivers/amqp/amqp-delays.ts'

/** What the waits of a route come to. */
function waitOf({ headers }: ReturnType<typeof delayRoute>): number {
  return Object.entries(headers).reduce(
    (sum, [name, digit]) => sum + Number(digit) * 16 ** Number(name.replace('mq-delay-', '')),
    0,
  )
}

describe('the waits of a delay', () => {
  it.each([
    [0.2, 1],
    [1, 1],
    [16, 16],
    [4_095, 4_095],
    [4_097, 4_112],
    [65_535, 65_536],
    [86_400_000, 86_400_000],
    [LONGEST_WAIT_MS, LONGEST_WAIT_MS],
  ])('of %d ms are %d ms', (delayMs, expected) => {
    expect(waitOf(delayRoute('q', delayMs))).toBe(expected)
  })

  it('are never shorter, at most 256 ms longer, at most six, and begin with the longest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LONGEST_WAIT_MS }), (delayMs) => {
        const route = delayRoute('q', delayMs)
        const lateMs = waitOf(route) - delayMs
        const stages = Object.keys(route.headers).map((name) => Number(name.replace('mq-delay-', '')))
        expect(lateMs).toBeGreaterThanOrEqual(0)
        expect(lateMs).toBeLessThan(Math.min(256, Math.max(1, delayMs / 100)))
        expect(stages.length).toBeLessThanOrEqual(6)
        expect(route.exchange).toBe(`mq.delay.${Math.max(...stages)}`)
        expect(route.key).toBe('q')
      }),
      { numRuns: 2_000 },
    )
  })
})
