import { readFileSync } from 'node:fs'

import type { StepResult } from './step-runner.ts'

/** How many tests ended how. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const NO_TESTS: Counts = { passed: 0, failed: 0, skipped: 0 }

/** The closing line, alone on its line: `N passed, N failed, N skipped`. */
export function summaryLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
}

/** One test per step. */
export function countSteps(results: readonly StepResult[]): Counts {
  const passed = results.filter((result) => result.outcome === 'passed').length
  return { passed, failed: results.length - passed, skipped: 0 }
}

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/**
 * The counts of a vitest run whose reporter wrote `file`. A run that failed without a failed test (it crashed, was cut
 * off, or found no test) counts as one failure, and so does a run in which no test ran.
 */
export function countVitest(file: string, result: StepResult): Counts {
  const counts = readCounts(file)
  const silent = counts.failed === 0 && (result.outcome !== 'passed' || counts.passed === 0)
  return silent ? { ...counts, failed: 1 } : counts
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts
  } catch {
    return NO_TESTS
  }
}
