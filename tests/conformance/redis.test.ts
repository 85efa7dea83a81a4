import { describe, it } from 'vitest'

import {
  backendConformance,
  brokerConformance,
  controlConformance,
  lockConformance,
  sameStoreConformance,
} from '../../src/testing/index.ts'
import { describeService } from '../support/services.ts'
import { redisSessions } from './redis-sessions.ts'

await describeService('redis', (service) => {
  const sessions = redisSessions(() => ({ url: service.url }))
  brokerConformance({ describe, it }, { name: 'redis', open: sessions.broker })
  backendConformance({ describe, it }, { name: 'redis', open: sessions.backend, expiryStepMs: 400 })
  controlConformance({ describe, it }, { name: 'redis', open: sessions.control })
  lockConformance({ describe, it }, { name: 'redis', open: sessions.open })
  sameStoreConformance({ describe, it }, { name: 'redis', open: sessions.open })
})
