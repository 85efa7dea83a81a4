import { availableParallelism } from 'node:os'

import { addCounts, countSteps, summaryLine } from './counts.ts'
import { BUILD_STEP, PACKAGE_STEPS, SOURCE_STEPS } from './static-steps.ts'
import { stepRunner } from './step-runner.ts'
import { runVitest } from './vitest-step.ts'

// The one test command. Arguments (`--project=unit`, files, `-t name`) go to vitest and leave the static steps out, the
// build excepted. The static steps come first instead of beside the tests: they are short, and tests that look at time
// want the processor for themselves.
const BUDGET_MS = 15 * 60_000

const vitestArgs = process.argv.slice(2)
using runner = stepRunner({ budgetMs: BUDGET_MS })
const width = Math.min(2, availableParallelism())
const built = await runner.run(BUILD_STEP)
const steps = vitestArgs.length > 0 ? [] : await runner.runAll([...SOURCE_STEPS, ...PACKAGE_STEPS], width)
const tests = await runVitest(runner, vitestArgs)
const total = addCounts(countSteps([built, ...steps]), tests)
process.stdout.write(`\n${summaryLine(total)}\n`)
process.exitCode = total.failed > 0 || runner.overBudget ? 1 : 0
