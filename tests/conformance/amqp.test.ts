import { beforeAll, describe, it } from 'vitest'

import { brokerConformance } from '../../src/testing/index.ts'
import { describeService } from '../support/services.ts'
import { outgoing } from './amqp-fixture.ts'
import { amqpSessions } from './amqp-sessions.ts'

/** Delays end in the server's time, on a machine that does other things too. */
const delayToleranceMs = 1_000
const QUORUM = { 'x-queue-type': 'quorum' } as const

await describeService('rabbitmq', (service) => {
  const classic = amqpSessions(() => ({ url: service.url }))
  beforeAll(() => delayOnce(classic))
  brokerConformance({ describe, it }, { name: 'amqp with classic queues', open: classic, delayToleranceMs })

  const topic = amqpSessions(() => ({ url: service.url, exchange: 'machinery_topic', exchangeType: 'topic' }))
  brokerConformance({ describe, it }, { name: 'amqp with a topic exchange', open: topic, delayToleranceMs })

  const priorities = amqpSessions(() => ({ url: service.url, queueArguments: { 'x-max-priority': 10 } }))
  brokerConformance({ describe, it }, { name: 'amqp with priorities', open: priorities, delayToleranceMs })
})

await describeService('rabbitmq', (service) => {
  const quorum = amqpSessions(() => ({ url: service.url, queueArguments: QUORUM }))
  beforeAll(() => delayOnce(quorum))
  brokerConformance({ describe, it }, { name: 'amqp with quorum queues', open: quorum, delayToleranceMs })
})

/** The first delayed message of a server waits for its 120 queues. */
async function delayOnce(open: ReturnType<typeof amqpSessions>): Promise<void> {
  const { broker, close } = await open()
  await broker.publish([outgoing('first', 'delayed', { delayMs: 1 })])
  await close()
}
