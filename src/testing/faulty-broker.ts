import { type Clock, sleep } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Broker, Consumer, Delivery, Outgoing, PublishOutcome } from '../core/ports/broker.ts'

/** Faults of a broker, switched on and off by assigning to them while it is in use. */
export interface BrokerFaults {
  /** Every call fails with `ERR_CONNECTION_LOST`, publishes are refused with it; nothing reaches the broker. */
  down?: boolean
  /** Milliseconds that every call takes in addition. @default 0 */
  slowMs?: number
  /** Every message is published twice, as after a publish that was repeated. */
  duplicate?: boolean
  /** Publishes are answered `uncertain`: after the message was `stored`, or `dropped` instead. */
  uncertain?: 'stored' | 'dropped' | undefined
  /** Settlements happen and their reply is lost: the call rejects with `ERR_CONNECTION_LOST`. */
  loseSettleReplies?: boolean
}

const lost = (what: string): MachineryError =>
  new MachineryError('ERR_CONNECTION_LOST', `${what}: connection lost (fault of a test)`)

/**
 * A broker that has the faults which `faults` switches on. It offers no `sameStore`, so that everything goes through the
 * two ports.
 *
 * @param clock on which `slowMs` passes
 */
export function faultyBroker(broker: Broker, faults: BrokerFaults, clock: Clock): Broker {
  const pass = async (what: string, signal?: AbortSignal): Promise<void> => {
    if ((faults.slowMs ?? 0) > 0) await sleep(clock, faults.slowMs ?? 0, signal)
    if (faults.down === true) throw lost(what)
  }

  const publish = async (batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> => {
    const failed = await pass('publish').catch((error: MachineryError) => error)
    if (failed !== undefined) return batch.map(() => ({ outcome: 'refused', error: failed }))
    const { uncertain } = faults
    const uncertainOutcome: PublishOutcome = {
      outcome: 'uncertain',
      error: new MachineryError('ERR_PUBLISH_UNCERTAIN', 'the reply to a publish was lost (fault of a test)'),
    }
    if (uncertain === 'dropped') return batch.map(() => uncertainOutcome)
    const outcomes = await broker.publish(batch)
    if (faults.duplicate === true) await broker.publish(batch)
    return uncertain === 'stored' ? batch.map(() => uncertainOutcome) : outcomes
  }

  const { inspector } = broker
  return {
    capabilities: broker.capabilities,
    ...(inspector === undefined ? {} : { inspector }),
    chores: broker.chores,
    publish,
    async consume(queue, options) {
      await pass('consume')
      return faultyConsumer(await broker.consume(queue, options), faults, pass)
    },
    close: () => broker.close(),
  }
}

function faultyConsumer(
  consumer: Consumer,
  faults: BrokerFaults,
  pass: (what: string, signal?: AbortSignal) => Promise<void>,
): Consumer {
  const extend = consumer.extend?.bind(consumer)
  return {
    async claim(want, signal?: AbortSignal): Promise<readonly Delivery[]> {
      await pass('claim', signal)
      return consumer.claim(want, signal)
    },
    async settle(batch) {
      await pass('settle')
      const outcomes = await consumer.settle(batch)
      if (faults.loseSettleReplies === true) throw lost('settle')
      return outcomes
    },
    async resize(maxUnsettled) {
      await pass('resize')
      return consumer.resize(maxUnsettled)
    },
    ...(extend === undefined
      ? {}
      : {
          async extend(ids: readonly string[], ms: number): Promise<void> {
            await pass('extend')
            return extend(ids, ms)
          },
        }),
    close: () => consumer.close(),
  }
}
