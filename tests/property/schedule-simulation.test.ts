import { describe, expect, it } from 'vitest'

import type { Clock } from '../../src/core/clock.ts'
import type { ScheduleStore } from '../../src/core/ports/schedule-store.ts'
import { NIGHTS, type Night } from './schedule/schedule-plan.ts'
import { simulate } from './schedule/schedule-simulation.ts'

const SEED = 20_260_101
const HOURS = 6
/** Of each night: more than 100,000 in all. */
const TICKS = 12_000
const [FIRST_NIGHT] = NIGHTS as readonly [Night, ...Night[]]

describe('five servers with wrong clocks, killed at random', () => {
  it.each(NIGHTS)('miss no tick and fire none twice, $zone from $from', async (night) => {
    const report = await simulate({ night, seed: SEED + NIGHTS.indexOf(night), hours: HOURS })
    expect(report.faults).toEqual(new Map())
    expect(report.left).toBe(0)
    expect(report.ticks).toBeGreaterThan(TICKS)
    expect(report.kills).toBeGreaterThan(100)
  })
})

describe('the simulation notices', () => {
  const mutants: readonly [
    name: string,
    fault: string,
    mutate: (store: ScheduleStore, clock: Clock) => ScheduleStore,
  ][] = [
    [
      'a fire that does not compare with the last tick',
      'fired twice',
      (store) => ({ ...store, fire: async (tick) => (await store.fire(tick), 'fired') }),
    ],
    ['an outbox that nobody sweeps', 'missed', (store) => ({ ...store, outbox: async () => [] })],
    [
      'ticks by the clock of the server',
      'early',
      (store, clock) => ({ ...store, now: async () => clock.now() }),
    ],
  ]

  it.each(mutants)('%s', async (_name, fault, mutate) => {
    const { faults } = await simulate({ night: FIRST_NIGHT, seed: SEED, hours: 1, mutate })
    expect([...faults.keys()]).toContain(fault)
  })
})
