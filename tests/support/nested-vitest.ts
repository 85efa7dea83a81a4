import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Counts } from '../../scripts/counts.ts'
import { ROOT } from '../../scripts/step-runner.ts'

/** Runs one test file in a vitest of its own, in a temporary folder, and answers what the summary reporter counted. */
export async function countNested(
  code: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-nested-'))
  const summary = join(folder, 'counts.json')
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'nested.test.js'), code)
    await run(folder, { SUMMARY_FILE: summary, ...variables })
    return JSON.parse(readFileSync(summary, 'utf8')) as Counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(folder: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const program = join(ROOT, 'node_modules/.bin/vitest')
  const reporter = join(ROOT, 'tests/support/summary-reporter.ts')
  const env = { ...process.env, ...variables }
  return new Promise((resolve) => {
    execFile(program, ['run', `--reporter=${reporter}`], { cwd: folder, env }, () => resolve())
  })
}
