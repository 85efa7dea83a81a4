import { describe, expect, it } from 'vitest'

import { findService } from '../support/service-process.ts'
import { isViolation } from './check-evidence.ts'
import { faultOptions } from './fault-options.ts'
import { runFault } from './fault-run.ts'
import { reportText } from './print-report.ts'
import { restartingRabbit } from './rabbitmq-service.ts'

const source = await findService(restartingRabbit)
if (source.kind === 'absent' && process.env['CI'] === 'true') throw new Error(source.reason)
const why = source.kind === 'absent' ? ` is not tested: ${source.reason}` : ''

describe.skipIf(source.kind === 'absent')(`amqp${why}`, () => {
  it('loses nothing and commits nothing twice when workers are killed and connections are cut', async () => {
    const disturbances = { cuts: 20, 'lost-replies': 10 }
    const options = faultOptions('amqp', { tasks: 4_000, kills: 8, disturbances, timeoutMs: 100_000 })
    const report = await runFault(options)
    expect(report.findings.filter(isViolation), reportText(report)).toEqual([])
  })
})
