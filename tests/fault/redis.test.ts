import { it } from 'vitest'

import { findService } from '../support/service-process.ts'
import { describeWhereFound } from '../support/services.ts'
import { expectNoViolation } from './expect-no-violation.ts'
import { restartingRedis } from './redis-services.ts'

describeWhereFound('redis', await findService(restartingRedis), () => {
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
