import { seededRandom } from '../fault/seeded-random.ts'
import { checkEnd } from './check-end.ts'
import { randomPlan, type StorePath } from './fault-plan.ts'
import { Simulation, type Counts, type Mutation } from './simulation.ts'
import { errorCallbacksOf, tasksOf, treeText } from './tree.ts'
import type { Violation } from './witness.ts'
import { randomWorkload } from './workload.ts'

/** What one seed came to. */
export interface SeedReport {
  readonly seed: number
  readonly violations: readonly Violation[]
  /** The workflow in one line. */
  readonly tree: string
  readonly counts: Readonly<Counts>
  readonly tasks: number
  /** Handlers that were started. */
  readonly executions: number
  readonly virtualMs: number
  readonly path: StorePath
}

/** How a seed is run. */
export interface SeedOptions {
  readonly mutation?: Mutation
  /** @default random */
  readonly path?: StorePath
}

/** Runs one seed. The same seed gives the same history, event by event. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedReport> {
  const random = seededRandom(seed)
  // The first numbers of neighbouring seeds look alike.
  for (let skipped = 0; skipped < 8; skipped++) random()
  const tree = randomWorkload(random)
  const tasks = tasksOf(tree)
  const plan = randomPlan(random, tasks.length, options.path)
  const simulation = new Simulation({ random, tree, plan, mutation: options.mutation })
  const { witness, journal, counts } = simulation
  await simulation.run()
  const dead = await simulation.deadLetters()
  if (dead > 0 && !plan.givesUp) witness.report('message given up', `${dead} dead letters`)
  if (!witness.violations.some(({ kind }) => kind === 'stuck')) {
    const states = await simulation.states([...tasks.map(({ label }) => label), ...errorCallbacksOf(tree)])
    checkEnd({ tree, states, journal, witness, givesUp: plan.givesUp })
  }
  return {
    seed,
    violations: witness.violations,
    tree: treeText(tree),
    counts,
    tasks: tasks.length,
    executions: journal.executions,
    virtualMs: simulation.now,
    path: plan.path,
  }
}

/** The seeds that went wrong, each with how to see it again. */
export function reportText(report: SeedReport): string {
  const found = report.violations.map(({ kind, detail }) => `  ${kind}: ${detail}`)
  return [
    `seed ${report.seed} over ${report.path}: ${report.tree}`,
    ...found,
    `  replay: npm run simulate -- --seed ${report.seed} --runs 1`,
  ].join('\n')
}
