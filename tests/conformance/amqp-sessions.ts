import { systemClock } from '../../src/core/clock.ts'
import type { Consumer } from '../../src/core/ports/broker.ts'
import { AmqpConsumer } from '../../src/drivers/amqp/amqp-consumer.ts'
import { amqpStore, type AmqpStore, type AmqpStoreOptions } from '../../src/drivers/amqp/index.ts'

/** Sessions of the conformance suites on one server. */
export function amqpSessions(options: () => AmqpStoreOptions) {
  return async () => {
    const opened: AmqpStore[] = []
    const openAgain = async (): Promise<AmqpStore> => {
      const store = await amqpStore(options())
      opened.push(store)
      return store
    }
    const closeAll = async (): Promise<void> => {
      for (const store of opened.splice(0)) await store.close()
    }
    const { broker } = await openAgain()
    return {
      broker,
      clock: systemClock,
      crash: async (consumer: Consumer): Promise<void> => {
        if (!(consumer instanceof AmqpConsumer)) throw new Error('not a consumer of amqp')
        await consumer.abandon()
      },
      reopen: async () => {
        await closeAll()
        return (await openAgain()).broker
      },
      close: closeAll,
    }
  }
}
