import { finishCases } from './same-store-cases/finish-cases.ts'
import { sendCases } from './same-store-cases/send-cases.ts'
import { inSameStore, type SameStoreCase, type SameStoreHarness } from './same-store-harness.ts'
import type { TestRunner } from './test-runner.ts'

const PARTS: readonly (readonly [name: string, define: (test: SameStoreCase) => void])[] = [
  ['send', sendCases],
  ['finish', finishCases],
]

/**
 * Defines the tests that make the text of the `SameStore` port executable: what happens together, and what must not have
 * happened when the answer is `fenced`, `trigger`, `failed` or a refusal.
 */
export function sameStoreConformance(runner: TestRunner, harness: SameStoreHarness): void {
  runner.describe(`${harness.name} same store`, () => {
    for (const [name, define] of PARTS) {
      runner.describe(name, () => define((label, run) => runner.it(label, inSameStore(harness, run))))
    }
  })
}
