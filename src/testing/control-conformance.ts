import { expiryCases } from './control-cases/expiry-cases.ts'
import { valueCases } from './control-cases/value-cases.ts'
import { type ControlCase, type ControlHarness, inControlSession } from './control-harness.ts'
import type { TestRunner } from './test-runner.ts'

const PARTS: readonly (readonly [name: string, define: (test: ControlCase) => void])[] = [
  ['values', valueCases],
  ['expiry', expiryCases],
]

/** Defines the tests that make the text of the `ControlStore` port executable. */
export function controlConformance(runner: TestRunner, harness: ControlHarness): void {
  runner.describe(`${harness.name} control`, () => {
    for (const [name, define] of PARTS) {
      runner.describe(name, () => define((label, run) => runner.it(label, inControlSession(harness, run))))
    }
  })
}
