import { MachineryError } from '../../src/core/errors.ts'
import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker, Consumer, Outgoing, PublishOutcome } from '../../src/core/ports/broker.ts'
import type { SameStore } from '../../src/core/ports/same-store.ts'
import type { Network } from './network.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** The stores as they are on the other side of the network. */
export interface StorePorts {
  readonly broker: Broker
  readonly backend: Backend
  /** Undefined where broker and backend are two stores. */
  readonly sameStore: SameStore | undefined
}

/** What happens to a publish. */
export type PublishFate = 'stored' | 'refused' | 'uncertainStored' | 'uncertainDropped'

/** What the ports of a process are made with. */
export interface SimulatedPortsOptions {
  readonly process: SimulatedProcess
  readonly network: Network
  readonly stores: StorePorts
  readonly publishFate: () => PublishFate
  /** A consumer was opened, perhaps for a process that is dead already. */
  readonly onConsumer: (consumer: Consumer) => void
  /** Deliveries were handed over and their process cannot know: their leases have to run out. */
  readonly onStranded: (ids: readonly string[]) => void
  /** Tells a process that leases are lost: late, or never. */
  readonly tellLost: (tell: () => void) => void
}

/** The ports of one process, each call of which goes over the network. */
export function simulatedPorts(options: SimulatedPortsOptions): {
  readonly broker: Broker
  readonly backend: Backend
} {
  const backend = overNetwork(options)
  return { backend, broker: brokerOverNetwork(options, backend) }
}

function overNetwork({ process, network, stores }: SimulatedPortsOptions): Backend {
  const { tasks, groups, capabilities } = stores.backend
  const batch =
    <I, R>(effect: (items: readonly I[]) => Promise<readonly R[]>) =>
    (items: readonly I[]): Promise<readonly R[]> =>
      network.batch(process, items, effect)
  const silent =
    <I>(effect: (items: readonly I[]) => Promise<void>) =>
    async (items: readonly I[]): Promise<void> => {
      await network.batch(process, items, async (part) => {
        await effect(part)
        return part
      })
    }
  return {
    capabilities: { ...capabilities, watch: false },
    tasks: {
      pending: batch((items) => tasks.pending(items)),
      begin: batch((items) => tasks.begin(items)),
      commit: batch((items) => tasks.commit(items)),
      retry: batch((items) => tasks.retry(items)),
      fail: batch((items) => tasks.fail(items)),
      reopen: batch((items) => tasks.reopen(items)),
      get: batch((items) => tasks.get(items)),
      purge: silent((items) => tasks.purge(items)),
    },
    groups: {
      init: silent((items) => groups.init(items)),
      finish: batch((items) => groups.finish(items)),
      triggered: silent((items) => groups.triggered(items)),
      reopen: (group, member) => network.call(process, () => groups.reopen(group, member)),
      get: batch((items) => groups.get(items)),
      purge: silent((items) => groups.purge(items)),
    },
    close: async () => {},
  }
}

function brokerOverNetwork(options: SimulatedPortsOptions, backend: Backend): Broker {
  const { process, network, stores } = options
  const { broker, sameStore } = stores
  return {
    capabilities: broker.capabilities,
    chores: [],
    publish: (messages) =>
      network.batch(process, messages, async (items) => {
        const outcomes: PublishOutcome[] = []
        for (const item of items) outcomes.push(await publishOne(broker, item, options.publishFate()))
        return outcomes
      }),
    consume: (queue, { maxUnsettled, onLost }) =>
      network.call(process, async () => {
        const consumer = await broker.consume(queue, {
          maxUnsettled,
          onLost: (ids) => options.tellLost(() => onLost(ids)),
        })
        options.onConsumer(consumer)
        return consumerOverNetwork(options, consumer)
      }),
    sameStore(other) {
      if (other !== backend || sameStore === undefined) return undefined
      return {
        send: (units) => network.batch(process, units, (items) => sameStore.send(items)),
        finish: (units) => network.batch(process, units, (items) => sameStore.finish(items)),
      }
    },
    close: async () => {},
  }
}

async function publishOne(broker: Broker, message: Outgoing, fate: PublishFate): Promise<PublishOutcome> {
  const error = new MachineryError('ERR_CONNECTION_LOST', 'publish: a fault of the simulation')
  if (fate === 'refused') return { outcome: 'refused', error }
  if (fate === 'uncertainDropped') return { outcome: 'uncertain', error }
  const [outcome] = await broker.publish([message])
  return fate === 'stored' && outcome !== undefined ? outcome : { outcome: 'uncertain', error }
}

function consumerOverNetwork(
  { process, network, onStranded }: SimulatedPortsOptions,
  consumer: Consumer,
): Consumer {
  return {
    async claim(want, signal) {
      let handedOver: readonly string[] = []
      try {
        const claim = async () => {
          const deliveries = await consumer.claim(want, signal)
          handedOver = deliveries.map((delivery) => delivery.id)
          return deliveries
        }
        return await network.call(process, claim, true)
      } catch (error) {
        if (handedOver.length > 0) onStranded(handedOver)
        throw error
      }
    },
    settle: (settlements) => network.batch(process, settlements, (items) => consumer.settle(items)),
    resize: (maxUnsettled) => network.call(process, () => consumer.resize(maxUnsettled)),
    close: () => network.call(process, () => consumer.close()),
  }
}
