import { describe, expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { reportText, runSeed } from './run-seed.ts'
import { simulate } from './simulate.ts'
import type { Violation } from './witness.ts'

/** As many as fit, and at least so many. */
const LEAST_RUNS = 5_000
const BUDGET_MS = 40_000
/** Seeds in which each mutant has to be found. */
const MUTANT_SEEDS = 2_000

describe('workflows under faults', () => {
  it('end, each task committed once, with its arguments in order', { timeout: 300_000 }, async () => {
    const startedAt = process.hrtime.bigint()
    const elapsedMs = (): number => Number(process.hrtime.bigint() - startedAt) / 1e6
    const total = await simulate({
      firstSeed: 1,
      goesOn: (runs) => runs < LEAST_RUNS || elapsedMs() < BUDGET_MS,
    })
    expect(total.failures.map(reportText)).toEqual([])
    expect(total.runs).toBeGreaterThanOrEqual(LEAST_RUNS)
    // A simulation in which nothing goes wrong shows nothing.
    for (const kind of ['crashes', 'leaseLosses', 'duplicates', 'pauses', 'closes', 'callFaults'] as const) {
      expect(total.counts[kind]).toBeGreaterThan(100)
    }
    expect(total.executions).toBeGreaterThan(total.tasks)
  })

  it('are the same history for the same seed', async () => {
    expect(await runSeed(11)).toEqual(await runSeed(11))
  })
})

/** What each rule protects, and so how the simulation has to fail without it. */
const FAILS_WITH: Readonly<Record<string, Violation['kind']>> = {
  'ack before hand-off': 'stuck',
  'no fencing by token': 'committed by a fenced run',
  'no guard on downstream state': 'terminal state replaced',
  'chord trigger owned by the worker': 'stuck',
  'retry bytes not recorded first': 'two different next attempts',
}

describe('without one rule of the protocol', () => {
  it.each(Object.entries(MUTANTS))(
    '%s: the simulation fails',
    { timeout: 120_000 },
    async (name, mutation) => {
      const total = await simulate({
        firstSeed: 1,
        mutation,
        goesOn: (runs, failures) => failures === 0 && runs < MUTANT_SEEDS,
      })
      const [failure] = total.failures
      expect(failure?.violations.map(({ kind }) => kind)).toContain(FAILS_WITH[name])
    },
  )
})
