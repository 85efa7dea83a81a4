import { describe, expect, it } from 'vitest'

import { findService } from '../support/service-process.ts'
import { isViolation } from './check-evidence.ts'
import { faultOptions, type FaultChanges } from './fault-options.ts'
import { runFault } from './fault-run.ts'
import { reportText } from './print-report.ts'
import { restartingRedis } from './redis-services.ts'

const source = await findService(restartingRedis)
if (source.kind === 'absent' && process.env['CI'] === 'true') throw new Error(source.reason)
const why = source.kind === 'absent' ? ` is not tested: ${source.reason}` : ''

async function expectNoViolation(target: string, changes: FaultChanges): Promise<void> {
  const report = await runFault(faultOptions(target, { timeoutMs: 100_000, ...changes }))
  expect(report.findings.filter(isViolation), reportText(report)).toEqual([])
}

describe.skipIf(source.kind === 'absent')(`redis${why}`, () => {
  it('loses nothing and commits nothing twice when workers are killed or stopped and connections are cut', () =>
    expectNoViolation('redis', {
      tasks: 4_000,
      kills: 8,
      pauses: 1,
      disturbances: { cuts: 20, 'lost-replies': 10 },
    }))

  it('goes on within 5 s of a kill, a freeze and a half-open connection', () =>
    expectNoViolation('redis', {
      tasks: 4_000,
      kills: 0,
      freezeMs: 6_000,
      disturbances: { 'redis-kills': 3, freezes: 1, 'half-opens': 1 },
    }))

  it('goes on within 15 s of the death of the master, and keeps what a replica has', () =>
    expectNoViolation('redis-sentinel', { tasks: 3_000, kills: 0, disturbances: { failovers: 1 } }))
})
