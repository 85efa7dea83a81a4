import { writeFileSync } from 'node:fs'

import type { Reporter, TestModule } from 'vitest/node'

type Counts = Record<'passed' | 'failed' | 'skipped', number>

/**
 * Counts the tests of a run into the file that SUMMARY_FILE names, as JSON, or else prints the closing line
 * `N passed, N failed, N skipped`. A file or suite that broke outside of its tests, an unhandled error and a test that
 * never ended each count as one failure: nothing that went wrong may look like a skip.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = countModules(modules)
    counts.failed += unhandledErrors.length
    const file = process.env['SUMMARY_FILE']
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts))
    else
      process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  }
}

function countModules(modules: readonly TestModule[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const module of modules) {
    if (module.errors().length > 0) counts.failed += 1
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counts.failed += 1
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      counts[state === 'pending' ? 'failed' : state] += 1
    }
  }
  return counts
}
