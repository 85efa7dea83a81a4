import { describe, expect, it } from 'vitest'

import { parseSchedule } from '../../../src/periodic/cron/schedule.ts'
import { dueTicks } from '../../../src/periodic/due-ticks.ts'
import type { CatchUpPolicy } from '../../../src/periodic/periodic-options.ts'
import { HOUR, MINUTE, START } from './scheduling.ts'

const timing = (spec: string) => parseSchedule(spec, { zone: 'UTC' })

/** In minutes after the start. */
function due(spec: string, lastMinute: number, untilMinute: number, catchUp: CatchUpPolicy) {
  const { fire, newest, nextAt } = dueTicks({
    timing: timing(spec),
    lastTickAt: START + lastMinute * MINUTE,
    untilMs: START + untilMinute * MINUTE,
    catchUp,
  })
  const minutes = (at: number | undefined) => (at === undefined ? at : (at - START) / MINUTE)
  return { fire: fire.map(minutes), newest: minutes(newest), nextAt: minutes(nextAt) }
}

describe('due ticks', () => {
  it('are none before the next one', () => {
    expect(due('*/10 * * * *', 0, 9.99, 'last')).toEqual({ fire: [], newest: undefined, nextAt: 10 })
  })

  it.each(['none', 'last', { max: 1, withinMs: 1 }] as const)(
    'are fired in time with catchUp %j',
    (catchUp) => {
      const expected = { fire: [10], newest: 10, nextAt: 20 }
      expect(due('*/10 * * * *', 0, 10, catchUp)).toEqual(expected)
      expect(due('*/10 * * * *', 0, 10 + 5 / 60, catchUp)).toEqual(expected)
    },
  )

  it('that were missed are dropped, or the newest is fired, or so many of them', () => {
    expect(due('*/10 * * * *', 0, 45, 'none')).toEqual({ fire: [], newest: 40, nextAt: 50 })
    expect(due('*/10 * * * *', 0, 45, 'last')).toEqual({ fire: [40], newest: 40, nextAt: 50 })
    expect(due('*/10 * * * *', 0, 45, { max: 3, withinMs: HOUR }).fire).toEqual([20, 30, 40])
    expect(due('*/10 * * * *', 0, 45, { max: 3, withinMs: 20 * MINUTE }).fire).toEqual([30, 40])
  })

  it('that were missed are covered by one that is in time, where only the last counts', () => {
    expect(due('*/10 * * * *', 0, 40, 'none').fire).toEqual([40])
    expect(due('*/10 * * * *', 0, 40, 'last').fire).toEqual([40])
    expect(due('*/10 * * * *', 0, 40, { max: 2, withinMs: HOUR }).fire).toEqual([20, 30, 40])
  })

  it('of every second are all in time for five seconds', () => {
    const seconds = due('@every 1s', 0, 10, 'last').fire.map((minute) => Math.round((minute ?? 0) * 60))
    expect(seconds).toEqual([595, 596, 597, 598, 599, 600])
  })

  it('end with the schedule', () => {
    expect(due('0 0 30 2 *', 0, 10, 'last')).toEqual({ fire: [], newest: undefined, nextAt: undefined })
  })

  it.each([
    ['@every 1s', 400 * 24 * HOUR, 1_000],
    ['@every 77s', 400 * 24 * HOUR, 77_000],
    ['* * * * *', 400 * 24 * HOUR, MINUTE],
  ])('of %s are known at once after a year, in step with the last tick', (spec, outageMs, periodMs) => {
    const lastTickAt = START + 61_000
    const untilMs = lastTickAt + outageMs + 7
    const started = performance.now()
    const { fire, newest, nextAt } = dueTicks({
      timing: timing(spec),
      lastTickAt,
      untilMs,
      catchUp: { max: 3, withinMs: 24 * HOUR },
    })
    expect(performance.now() - started).toBeLessThan(200)
    expect(nextAt).toBe((newest ?? 0) + periodMs)
    expect((newest ?? 0) <= untilMs && (nextAt ?? 0) > untilMs).toBe(true)
    const origin = spec.startsWith('@') ? lastTickAt : START
    expect(fire.map((tickAt) => (tickAt - origin) % periodMs)).toEqual(fire.map(() => 0))
    expect(fire.length).toBeGreaterThanOrEqual(3)
  })

  it('of a rare schedule are found however long ago', () => {
    const lastTickAt = Date.parse('2021-06-01T00:00:00Z')
    const yearly = { timing: timing('0 0 1 1 *'), lastTickAt, untilMs: START + 200 * 24 * HOUR }
    expect(dueTicks({ ...yearly, catchUp: 'last' }).fire).toEqual([START])
    expect(dueTicks({ ...yearly, catchUp: { max: 10, withinMs: Infinity } }).fire).toHaveLength(5)
  })

  it('of a busy day are found behind thousands, at most as many as asked for', () => {
    const fire = due('* * * * *', 0, 20_000, { max: 10_000, withinMs: Infinity }).fire
    expect(fire).toHaveLength(10_001)
    expect([fire[0], fire.at(-1)]).toEqual([10_000, 20_000])
  })
})
