import type { BackendCapabilities, BrokerCapabilities } from '../../core/ports/capabilities.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** The largest message that RabbitMQ takes by default since 4.0. */
export const MAX_BODY_BYTES = 16_777_216

export const BROKER_CAPABILITIES: BrokerCapabilities = {
  delay: 'native',
  maxDelayMs: Infinity,
  priority: false,
  leaseExtension: false,
  countsReleases: true,
  countsExactly: false,
  // A message that returns goes to the end of its queue.
  ordering: 'best-effort',
  maxBodyBytes: MAX_BODY_BYTES,
  shared: true,
  persistent: true,
  inspection: true,
}

/** Priorities need queues that were declared for them. */
export function brokerCapabilities({ queueArguments }: AmqpSettings): BrokerCapabilities {
  const levels = queueArguments?.['x-max-priority']
  return { ...BROKER_CAPABILITIES, priority: typeof levels === 'number' && levels > 0 }
}

export const BACKEND_CAPABILITIES: BackendCapabilities = { watch: false, shared: true, persistent: false }
