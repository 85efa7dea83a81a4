import { it } from 'vitest'

import { findService } from '../support/service-process.ts'
import { describeWhereFound } from '../support/services.ts'
import { expectNoViolation } from './expect-no-violation.ts'
import { restartingRabbit } from './rabbitmq-service.ts'

describeWhereFound('amqp', await findService(restartingRabbit), () => {
  it('loses nothing and commits nothing twice when workers are killed and connections are cut', () =>
    expectNoViolation('amqp', {
      tasks: 4_000,
      kills: 8,
      disturbances: { cuts: 20, 'lost-replies': 10 },
    }))
})
