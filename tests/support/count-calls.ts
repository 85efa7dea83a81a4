import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker } from '../../src/core/ports/broker.ts'

/** The ports of one store, with every call of a port method counted. */
export interface CountedPorts {
  readonly broker: Broker
  readonly backend: Backend
  /** Calls so far, by method. */
  readonly calls: ReadonlyMap<string, number>
}

/** Wraps the ports of one store. What is fused stays fused: a batch that the store takes in one call counts once. */
export function countCalls(broker: Broker, backend: Backend): CountedPorts {
  const calls = new Map<string, number>()
  const counted = <T extends object>(target: T, prefix: string): T =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key, object)
        if (typeof value !== 'function' || typeof key !== 'string') return value
        return (...args: unknown[]): unknown => {
          const name = `${prefix}.${key}`
          calls.set(name, (calls.get(name) ?? 0) + 1)
          return Reflect.apply(value, object, args)
        }
      },
    })
  const countedBackend: Backend = {
    capabilities: backend.capabilities,
    tasks: counted(backend.tasks, 'tasks'),
    groups: counted(backend.groups, 'groups'),
    ...(backend.watch === undefined ? {} : { watch: backend.watch.bind(backend) }),
    close: () => backend.close(),
  }
  const fused = broker.sameStore?.(backend)
  const countedBroker: Broker = {
    capabilities: broker.capabilities,
    chores: broker.chores,
    ...(broker.inspector === undefined ? {} : { inspector: broker.inspector }),
    publish: counted(broker, 'broker').publish,
    consume: async (queue, options) => counted(await broker.consume(queue, options), 'consumer'),
    ...(fused === undefined
      ? {}
      : { sameStore: (other) => (other === countedBackend ? counted(fused, 'sameStore') : undefined) }),
    close: () => broker.close(),
  }
  return { broker: countedBroker, backend: countedBackend, calls }
}
