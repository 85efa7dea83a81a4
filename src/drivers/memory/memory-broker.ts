import { MachineryError } from '../../core/errors.ts'
import type { Backend } from '../../core/ports/backend.ts'
import type { Broker } from '../../core/ports/broker.ts'
import type { BrokerCapabilities } from '../../core/ports/capabilities.ts'
import type { SameStore } from '../../core/ports/same-store.ts'
import { checkMaxUnsettled, MemoryConsumer } from './memory-consumer.ts'
import { memoryInspector } from './memory-inspector.ts'
import { MAX_BODY_BYTES, type MemoryMessages } from './memory-messages.ts'
import { openMemorySameStore } from './memory-same-store.ts'
import type { MemoryResults } from './memory-results.ts'

const CAPABILITIES: BrokerCapabilities = Object.freeze({
  delay: 'native',
  maxDelayMs: Infinity,
  priority: true,
  leaseExtension: false,
  countsReleases: true,
  countsExactly: true,
  ordering: 'fifo',
  maxBodyBytes: MAX_BODY_BYTES,
  shared: false,
  persistent: false,
  inspection: true,
})

/** What a broker is opened on. */
export interface MemoryBrokerParts {
  readonly messages: MemoryMessages
  readonly results: MemoryResults
  /** Whether `backend` was opened on the same store. */
  readonly isSameStore: (backend: Backend) => boolean
}

/** A broker on a store; its `close` ends this broker and its consumers alone, the messages stay in the store. */
export function openMemoryBroker({ messages, results, isSameStore }: MemoryBrokerParts): Broker {
  const consumers = new Set<MemoryConsumer>()
  let closed = false
  let fused: SameStore | undefined

  const checkOpen = (): void => {
    if (closed) throw new MachineryError('ERR_CLOSED', 'the memory broker is closed')
  }

  const onEnd = (consumer: MemoryConsumer): void => {
    consumers.delete(consumer)
    const { queue } = consumer
    queue.consumers--
    // A name that somebody listened to and nobody published to leaves nothing behind.
    if (queue.consumers === 0 && !queue.used) messages.queues.delete(queue.name)
  }

  return {
    capabilities: CAPABILITIES,
    inspector: memoryInspector(messages),
    chores: [],
    async publish(batch) {
      checkOpen()
      return messages.publish(batch)
    },
    async consume(name, options) {
      checkOpen()
      if (name === '') {
        throw new MachineryError('ERR_OPTION_INVALID', 'queue is empty; consume needs the name of a queue')
      }
      checkMaxUnsettled(options.maxUnsettled)
      const queue = messages.queue(name)
      const consumer = new MemoryConsumer(messages, queue, options, onEnd)
      queue.consumers++
      consumers.add(consumer)
      return consumer
    },
    sameStore(backend) {
      if (!isSameStore(backend)) return undefined
      fused ??= openMemorySameStore({
        messages,
        results,
        isOurs: (id) => consumers.has(messages.held.get(id)?.consumer as MemoryConsumer),
        isClosed: () => closed,
      })
      return fused
    },
    async close() {
      closed = true
      const open = [...consumers]
      // All stop first: what one gives back must not wake another.
      for (const consumer of open) consumer.stopClaiming()
      await Promise.all(open.map((consumer) => consumer.close()))
    },
  }
}
