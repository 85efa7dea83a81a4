import { isViolation } from './check-evidence.ts'
import { parseFaultOptions, type FaultOptions } from './fault-options.ts'
import { runFault } from './fault-run.ts'
import { reportText } from './print-report.ts'

// Kills workers while they work and checks that nothing was lost or committed twice: `npm run fault -- sqlite`.

const PROGRESS_MS = 3_000

try {
  process.exitCode = await main(parseFaultOptions(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

/** Answers the exit code: 1 when anything was violated. */
async function main(options: FaultOptions): Promise<number> {
  const { target, tasks, kills, pauses, workers, concurrency, handlerMs, leaseMs, seed } = options
  console.log(
    `${target}: ${tasks} tasks of 0 to ${handlerMs} ms, ${kills} kills, ${pauses} pauses, ${workers} workers of ${concurrency}, ` +
      `lease ${leaseMs} ms, seed ${seed}`,
  )
  let shownAt = performance.now()
  const report = await runFault(options, (progress) => {
    if (performance.now() - shownAt < PROGRESS_MS) return
    shownAt = performance.now()
    console.log(progress)
  })
  console.log(`\n${reportText(report)}`)
  return report.findings.some(isViolation) ? 1 : 0
}
