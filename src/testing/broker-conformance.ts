import { claimCases } from './broker-cases/claim-cases.ts'
import { closeCases } from './broker-cases/close-cases.ts'
import { delayCases } from './broker-cases/delay-cases.ts'
import { inspectorCases } from './broker-cases/inspector-cases.ts'
import { leaseCases } from './broker-cases/lease-cases.ts'
import { loadCases } from './broker-cases/load-cases.ts'
import { publishCases } from './broker-cases/publish-cases.ts'
import { settleCases } from './broker-cases/settle-cases.ts'
import { type BrokerCase, type BrokerHarness, inSession } from './broker-harness.ts'
import type { TestRunner } from './test-runner.ts'

const PARTS: readonly (readonly [name: string, define: (test: BrokerCase) => void])[] = [
  ['publish', publishCases],
  ['claim', claimCases],
  ['settle', settleCases],
  ['delay', delayCases],
  ['leases', leaseCases],
  ['close', closeCases],
  ['inspector', inspectorCases],
  ['load', loadCases],
]

/**
 * Defines the tests that make the text of the `Broker` port executable. What a broker must do beyond the least follows
 * from its `capabilities`; a case that does not apply asserts the refusal instead. Works on real and on fake time.
 */
export function brokerConformance(runner: TestRunner, harness: BrokerHarness): void {
  runner.describe(`${harness.name} broker`, () => {
    for (const [name, define] of PARTS) {
      runner.describe(name, () => define((label, run) => runner.it(label, inSession(harness, run))))
    }
  })
}
