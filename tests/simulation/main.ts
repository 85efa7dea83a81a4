import { parseArgs } from 'node:util'
import { reportText } from './run-seed.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
const runs = Number(values.runs)
const firstSeed = Number(values.seed)
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(firstSeed)) {
  console.error('usage: npm run simulate -- [--runs N] [--seed S]   (whole numbers, N above 0)')
  process.exit(2)
}

const PROGRESS_EVERY = 20_000
/** The report of so many failures says enough. */
const MOST_FAILURES = 20

const startedAt = process.hrtime.bigint()
const seconds = (): number => Number(process.hrtime.bigint() - startedAt) / 1e9
let done = 0
const total = await simulate({
  firstSeed,
  goesOn: (count, failures) => count < runs && failures < MOST_FAILURES,
  onReport: (report) => {
    done += 1
    if (report.violations.length > 0) console.log(reportText(report))
    if (done % PROGRESS_EVERY === 0) console.log(`${done} runs, ${Math.round(done / seconds())} a second`)
  },
})
console.table({
  runs: total.runs,
  'runs that failed': total.failures.length,
  tasks: total.tasks,
  executions: total.executions,
  ...total.counts,
  'runs a second': Math.round(total.runs / seconds()),
})
process.exitCode = total.failures.length > 0 ? 1 : 0
