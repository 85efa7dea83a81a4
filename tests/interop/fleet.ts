import { parseArgs } from 'node:util'

import { service } from '../support/service-process.ts'
import { runFleet, type FleetReport } from './fleet-run.ts'

// A mixed fleet under fire, in full: `node tests/interop/fleet.ts --tasks 20000 --kills 40`.

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '40' },
    workers: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    'timeout-ms': { type: 'string', default: '600000' },
  },
})

const options = {
  tasks: Number(values.tasks),
  kills: Number(values.kills),
  workers: Number(values.workers),
  seed: Number(values.seed),
  timeoutMs: Number(values['timeout-ms']),
}
const redis = await service('redis')
const report = await run()
console.log(report)
const { acknowledged, lost, failed, neverRun, wrongResults, faults } = report
const problems = [lost, failed, neverRun, wrongResults, faults].flat().length
process.exitCode = problems > 0 || acknowledged < options.tasks ? 1 : 0

async function run(): Promise<FleetReport> {
  try {
    return await runFleet(options, redis.url)
  } finally {
    await redis.stop()
  }
}
