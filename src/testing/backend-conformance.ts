import { groupCases } from './backend-cases/group-cases.ts'
import { keepCases } from './backend-cases/keep-cases.ts'
import { runCases } from './backend-cases/run-cases.ts'
import { transitionCases } from './backend-cases/transition-cases.ts'
import { watchCases } from './backend-cases/watch-cases.ts'
import { type BackendCase, type BackendHarness, inBackendSession } from './backend-harness.ts'
import type { TestRunner } from './test-runner.ts'

const PARTS: readonly (readonly [name: string, define: (test: BackendCase) => void])[] = [
  ['transitions', transitionCases],
  ['runs', runCases],
  ['keeping', keepCases],
  ['groups', groupCases],
  ['watch', watchCases],
]

/**
 * Defines the tests that make the text of the `Backend` port executable: protocol W1, groups, expiry, watching.
 * Works on real and on fake time.
 */
export function backendConformance(runner: TestRunner, harness: BackendHarness): void {
  runner.describe(`${harness.name} backend`, () => {
    for (const [name, define] of PARTS) {
      runner.describe(name, () => define((label, run) => runner.it(label, inBackendSession(harness, run))))
    }
  })
}
