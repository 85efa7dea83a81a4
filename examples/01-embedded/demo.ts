import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createServer } from '../../src/index.ts'
import { calls } from './calls.ts'
import { showCall, type Show } from './show-call.ts'
import { tasks } from './tasks.ts'
import { startWorkers } from './worker-processes.ts'
import { showPeriodic, showWorkflow, workflows } from './workflows.ts'

// A producer (this process) and two workers (processes of their own) on one SQLite file: sends each call, shows its
// states and its result, compares it with what is right, and ends. Exit code 1 when something was wrong or too late.

const { values: flags } = parseArgs({ options: { 'timeout-ms': { type: 'string', default: '20000' } } })
const stop = new AbortController()
const limit = setTimeout(
  () => stop.abort(new Error(`it was not over after ${flags['timeout-ms']} ms`)),
  Number(flags['timeout-ms']),
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Error(`interrupted by ${signal}`)))
}

const folder = mkdtempSync(join(tmpdir(), 'machinery-demo-'))
try {
  const wrong = await run(`sqlite:${join(folder, 'jobs.db')}`)
  console.log(
    wrong === 0
      ? `\nAll ${calls.length + workflows.length + 1} calls ended as they should.`
      : `\n${wrong} went wrong.`,
  )
  process.exitCode = wrong === 0 ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? `\nThe demo failed: ${error.message}` : error)
  process.exitCode = 1
} finally {
  clearTimeout(limit)
  rmSync(folder, { recursive: true, force: true })
}

/** Answers how many calls went wrong. */
async function run(url: string): Promise<number> {
  console.log(`Starting two workers, processes of their own, on one SQLite file.\n`)
  await using workers = await startWorkers(['worker_1', 'worker_2'], url)
  await using server = await createServer({ broker: url, resultBackend: url, tasks })

  const startedAt = performance.now()
  const show: Show = (call, state, detail) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(3)
    console.log(`${seconds.padStart(7)} s  ${call.padEnd(38)} ${state.padEnd(8)} ${detail}`)
  }
  const context = { server, workers, show, signal: stop.signal }

  const failures: string[] = []
  const checked = async (call: (typeof calls)[number]): Promise<void> => {
    const problem = await showCall(call, context)
    if (problem !== undefined) failures.push(`${call.text}: ${problem}`)
  }
  for (const call of calls.filter(({ isSlow }) => !isSlow)) await checked(call)

  console.log('\nWorkflows: a group, a chord and a chain, then a chain on a schedule.\n')
  for (const workflow of workflows) {
    const problem = await showWorkflow(workflow, server, show, stop.signal)
    if (problem !== undefined) failures.push(`${workflow.text}: ${problem}`)
  }
  const periodic = await showPeriodic(server, show, stop.signal)
  if (periodic !== undefined) failures.push(`the schedule: ${periodic}`)

  console.log('\nThe next ones take their time: all are sent at once.\n')
  await Promise.all(calls.filter(({ isSlow }) => isSlow).map(checked))

  for (const failure of failures) console.error(`WRONG  ${failure}`)
  return failures.length
}
