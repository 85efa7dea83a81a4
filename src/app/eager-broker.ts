import type { Broker, Consumer, Outgoing } from '../core/ports/broker.ts'

/** A broker for eager mode: one queue, no delays, and it knows when nothing is left to do. */
export interface EagerBroker {
  readonly broker: Broker
  /** Resolves when every message that was published has been settled for good. */
  idle(): Promise<void>
}

/** Wraps a broker of its own: everything goes through `queue` at once, whatever queue and delay it asks for (go-core 5.12). */
export function eagerBroker(inner: Broker, queue: string): EagerBroker {
  let open = 0
  const waiting: (() => void)[] = []
  const closeOne = (count: number): void => {
    open -= count
    if (open === 0) for (const resolve of waiting.splice(0)) resolve()
  }
  const broker: Broker = {
    capabilities: inner.capabilities,
    chores: inner.chores,
    ...(inner.inspector === undefined ? {} : { inspector: inner.inspector }),
    async publish(batch) {
      const outcomes = await inner.publish(
        batch.map((message): Outgoing => ({ ...message, queue, delayMs: 0 })),
      )
      open += outcomes.filter((outcome) => outcome.outcome === 'stored').length
      return outcomes
    },
    async consume(_queue, options) {
      const consumer = await inner.consume(queue, options)
      const settle: Consumer['settle'] = async (batch) => {
        const now = batch.map((item) => (item.kind === 'release' ? { ...item, delayMs: 0 } : item))
        const outcomes = await consumer.settle(now)
        closeOne(
          batch.filter((item, index) => item.kind !== 'release' && outcomes[index] === 'settled').length,
        )
        return outcomes
      }
      return {
        claim: (want, signal) => consumer.claim(want, signal),
        settle,
        resize: (most) => consumer.resize(most),
        close: () => consumer.close(),
      }
    },
    close: () => inner.close(),
  }
  return {
    broker,
    idle: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
