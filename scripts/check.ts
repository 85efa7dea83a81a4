import { availableParallelism } from 'node:os'

import { addCounts, countSteps, summaryLine } from './counts.ts'
import { DECLARATIONS_STEP, SOURCE_STEPS } from './static-steps.ts'
import { stepRunner } from './step-runner.ts'
import { runVitest } from './vitest-step.ts'

// The quick round while working: everything that needs neither a build nor a server.
const BUDGET_MS = 3 * 60_000

using runner = stepRunner({ budgetMs: BUDGET_MS })
const results = await runner.runAll([...SOURCE_STEPS, DECLARATIONS_STEP], Math.min(2, availableParallelism()))
const tests = await runVitest(runner, ['--project=unit', '--project=property', ...process.argv.slice(2)])
const total = addCounts(countSteps(results), tests)
process.stdout.write(`\n${summaryLine(total)}\n`)
process.exitCode = total.failed > 0 ? 1 : 0
