import { expect, it } from 'vitest'

import { isViolation } from './check-evidence.ts'
import { faultOptions } from './fault-options.ts'
import { runFault } from './fault-run.ts'
import { reportText } from './print-report.ts'

it('loses nothing and commits nothing twice when workers on one sqlite file are killed or stopped', async () => {
  const changes = { tasks: 2_000, kills: 8, pauses: 2, leaseMs: 600, timeoutMs: 60_000 }
  const report = await runFault(faultOptions('sqlite', changes))
  expect(report.findings.filter(isViolation), reportText(report)).toEqual([])
  expect(report.findings.find(({ what }) => what === 'acknowledged')?.count).toBe(2_000)
  expect(report.findings.find(({ what }) => what === 'kills')?.count).toBe(8)
})
