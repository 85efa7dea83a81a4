import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { countVitest, type Counts } from './counts.ts'
import type { StepRunner } from './step-runner.ts'

/** Runs vitest with these arguments and answers what its tests came to. */
export async function runVitest(runner: StepRunner, args: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-counts-'))
  const file = join(folder, 'counts.json')
  const reporters = ['--reporter=default', '--reporter=./tests/support/summary-reporter.ts']
  try {
    const result = await runner.run({
      name: 'tests',
      command: ['vitest', 'run', ...reporters, ...args],
      live: true,
      env: { SUMMARY_FILE: file },
    })
    return countVitest(file, result)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
