import { expect } from 'vitest'

import { isViolation } from './check-evidence.ts'
import { type FaultChanges, faultOptions } from './fault-options.ts'
import { runFault } from './fault-run.ts'
import { reportText } from './print-report.ts'

/** Longer than any short form takes, shorter than the limit of a test. */
const TIMEOUT_MS = 100_000

/** Runs a short form on a target, and fails with the report when it finds something. */
export async function expectNoViolation(target: string, changes: FaultChanges): Promise<void> {
  const report = await runFault(faultOptions(target, { timeoutMs: TIMEOUT_MS, ...changes }))
  expect(report.findings.filter(isViolation), reportText(report)).toEqual([])
}
