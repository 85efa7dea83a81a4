import { definitionCases } from './schedule-cases/definition-cases.ts'
import { fireCases } from './schedule-cases/fire-cases.ts'
import { outboxCases } from './schedule-cases/outbox-cases.ts'
import { inScheduleSession, type ScheduleCase, type ScheduleHarness } from './schedule-harness.ts'
import type { TestRunner } from './test-runner.ts'

const PARTS: readonly (readonly [name: string, define: (test: ScheduleCase) => void])[] = [
  ['definitions', definitionCases],
  ['firing', fireCases],
  ['outbox', outboxCases],
]

/** Defines the tests that make the text of the `ScheduleStore` port (protocol C1) executable. */
export function scheduleConformance(runner: TestRunner, harness: ScheduleHarness): void {
  runner.describe(`${harness.name} schedules`, () => {
    for (const [name, define] of PARTS) {
      runner.describe(name, () => define((label, run) => runner.it(label, inScheduleSession(harness, run))))
    }
  })
}
