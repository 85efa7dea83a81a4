import { isViolation } from './check-evidence.ts'
import { DISTURBANCES } from './disturbance.ts'
import { parseFaultOptions, usage, type FaultOptions } from './fault-options.ts'
import { runFault } from './fault-run.ts'
import { targetNames } from './fault-target.ts'
import { reportText } from './print-report.ts'

// Kills workers while they work and checks that nothing was lost or committed twice: `npm run fault -- sqlite`.

const PROGRESS_MS = 3_000

try {
  const targets = targetNames()
  const options = parseFaultOptions(process.argv.slice(2), targets)
  if (options === 'help') console.log(usage(targets))
  else process.exitCode = await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

/** Answers the exit code: 1 when anything was violated. */
async function main(options: FaultOptions): Promise<number> {
  const { target, tasks, kills, pauses, workers, concurrency, handlerMs, leaseMs, seed } = options
  const others = DISTURBANCES.filter(({ name }) => options.disturbances[name] > 0)
  const disturbances = others.map(({ name }) => `${options.disturbances[name]} ${name}, `).join('')
  console.log(
    `${target}: ${tasks} tasks of 0 to ${handlerMs} ms, ${kills} kills, ${pauses} pauses, ${disturbances}` +
      `${workers} workers of ${concurrency}, lease ${leaseMs} ms, seed ${seed}`,
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
