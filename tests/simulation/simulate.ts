import { runSeed, type SeedReport } from './run-seed.ts'
import type { Counts, Mutation } from './simulation.ts'

/** What many seeds came to. */
export interface SimulationTotal {
  readonly runs: number
  readonly failures: readonly SeedReport[]
  readonly counts: Readonly<Counts>
  readonly tasks: number
  readonly executions: number
}

/** What is simulated. */
export interface SimulateOptions {
  readonly firstSeed: number
  readonly mutation?: Mutation
  /** Asked before each run. */
  readonly goesOn: (runs: number, failures: number) => boolean
  readonly onReport?: (report: SeedReport) => void
}

/** Runs seed after seed. */
export async function simulate(options: SimulateOptions): Promise<SimulationTotal> {
  const { firstSeed, mutation, goesOn, onReport } = options
  const failures: SeedReport[] = []
  const counts: Counts = {
    events: 0,
    crashes: 0,
    leaseLosses: 0,
    duplicates: 0,
    pauses: 0,
    closes: 0,
    callFaults: 0,
  }
  let runs = 0
  let tasks = 0
  let executions = 0
  while (goesOn(runs, failures.length)) {
    const report = await runSeed(firstSeed + runs, mutation === undefined ? {} : { mutation })
    runs += 1
    tasks += report.tasks
    executions += report.executions
    for (const kind of Object.keys(counts) as (keyof Counts)[]) counts[kind] += report.counts[kind]
    if (report.violations.length > 0) failures.push(report)
    onReport?.(report)
  }
  return { runs, failures, counts, tasks, executions }
}
