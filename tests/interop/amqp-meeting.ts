import type { Meeting } from './interop.ts'

/** Messages in RabbitMQ, states in Redis. */
export function amqpMeeting(amqp = '', redis = ''): Meeting {
  return {
    go: { broker: amqp, backend: redis },
    typeScript: () => ({ broker: amqp, resultBackend: `${redis}?interop=go` }),
  }
}
