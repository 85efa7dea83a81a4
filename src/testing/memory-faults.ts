import { MachineryError } from '../core/errors.ts'
import type { Consumer } from '../core/ports/broker.ts'
import { MemoryConsumer } from '../drivers/memory/memory-consumer.ts'
import { type MemoryMessages } from '../drivers/memory/memory-messages.ts'
import { type MemoryStore, STORE_MESSAGES } from '../drivers/memory/memory-store.ts'

/** What a test can do to the consumers of a memory store. Not part of the product: memory loses no lease by itself. */
export interface MemoryFaults {
  /** Ids of the deliveries that are in the hands of `consumer`, or of any consumer. */
  held(consumer?: Consumer): readonly string[]
  /**
   * Takes deliveries away as if their leases had run out: they return counted, `onLost` is called, and settling them
   * answers `lost`. Their consumers live on.
   */
  loseLease(deliveryIds: readonly string[]): void
  /**
   * Ends a consumer as the death of its process does: what it holds returns counted, and nobody is told. Its claims
   * reject with `ERR_CONNECTION_LOST`, its settlements answer `lost`.
   */
  crash(consumer: Consumer): void
}

/** @throws `ERR_OPTION_INVALID` when `store` was not made by `memoryStore()` */
export function memoryFaults(store: MemoryStore): MemoryFaults {
  const messages = (store as { readonly [STORE_MESSAGES]?: MemoryMessages })[STORE_MESSAGES]
  if (messages === undefined) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      'store is not a memory store; use what memoryStore() returned',
    )
  }
  return {
    held: (consumer) =>
      [...messages.held]
        .filter(([, held]) => consumer === undefined || held.consumer === consumer)
        .map(([id]) => id),
    loseLease(deliveryIds) {
      const byConsumer = new Map<MemoryConsumer, string[]>()
      for (const id of deliveryIds) {
        const consumer = messages.held.get(id)?.consumer
        if (consumer !== undefined) byConsumer.set(consumer, [...(byConsumer.get(consumer) ?? []), id])
      }
      for (const [consumer, ids] of byConsumer) consumer.lose(ids)
    },
    crash(consumer) {
      if (!(consumer instanceof MemoryConsumer)) {
        throw new MachineryError('ERR_OPTION_INVALID', 'consumer is not one of a memory broker')
      }
      consumer.crash(new MachineryError('ERR_CONNECTION_LOST', 'the consumer was killed by a test'))
    },
  }
}
