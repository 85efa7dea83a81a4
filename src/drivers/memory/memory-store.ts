import { type Clock, systemClock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { Backend } from '../../core/ports/backend.ts'
import type { Broker } from '../../core/ports/broker.ts'
import type { Lock } from '../../core/ports/lock.ts'
import { openMemoryBackend } from './memory-backend.ts'
import { openMemoryBroker } from './memory-broker.ts'
import { openMemoryLock } from './memory-lock.ts'
import { MemoryMessages } from './memory-messages.ts'
import { MemoryResults } from './memory-results.ts'

/** Options of the memory driver. */
export interface MemoryStoreOptions {
  /** @default the machine's clock */
  readonly clock?: Clock
  /** Most messages that wait in one queue, delayed ones included; more are refused with `ERR_QUEUE_FULL`. @default Infinity */
  readonly maxQueueLength?: number
}

/** Broker, backend and lock over one store: `broker.sameStore(backend)` is there. */
export interface MemoryParts {
  readonly broker: Broker
  readonly backend: Backend
  readonly lock: Lock
}

/** Messages, states, groups and locks in the memory of this process, and the first parts opened on them. */
export interface MemoryStore extends MemoryParts {
  /** Opens further parts over the same data, to be closed on their own: for another server or worker of this process. */
  open(): MemoryParts
  /** Closes all parts. Idempotent. */
  close(): Promise<void>
}

/** Key under which the faults of `testing/` find the messages of a store. Not exported by the package. */
export const STORE_MESSAGES: unique symbol = Symbol('messages of a memory store')

/**
 * Makes an empty store. Everything in it is gone with the process. Dead letters are kept, without a limit, until they
 * are redriven or purged; states and groups run out.
 * @throws `ERR_OPTION_INVALID` when `maxQueueLength` is not a number of at least 1
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { clock = systemClock, maxQueueLength = Infinity } = options
  if (!(maxQueueLength >= 1)) {
    const text = `maxQueueLength is ${maxQueueLength}; it must be a number of at least 1, or Infinity for no limit`
    throw new MachineryError('ERR_OPTION_INVALID', text)
  }
  const messages = new MemoryMessages(clock, maxQueueLength)
  const results = new MemoryResults(clock)
  const backends = new WeakSet<Backend>()
  const opened: MemoryParts[] = []

  const open = (): MemoryParts => {
    const backend = openMemoryBackend(results)
    backends.add(backend)
    const parts = {
      broker: openMemoryBroker({ messages, results, isSameStore: (other) => backends.has(other) }),
      backend,
      lock: openMemoryLock(clock, results.locks),
    }
    opened.push(parts)
    return parts
  }

  const store = {
    ...open(),
    open,
    async close() {
      for (const { broker, backend, lock } of opened.splice(0)) {
        await Promise.all([broker.close(), backend.close(), lock.close()])
      }
    },
  }
  Object.defineProperty(store, STORE_MESSAGES, { value: messages })
  return store
}

/** A broker over a store of its own. @throws as `memoryStore` */
export function memoryBroker(options: MemoryStoreOptions = {}): Broker {
  return memoryStore(options).broker
}

/** A backend over a store of its own. */
export function memoryBackend(options: Pick<MemoryStoreOptions, 'clock'> = {}): Backend {
  return memoryStore(options).backend
}

/** A lock over a store of its own: it excludes nobody but the users of this lock. */
export function memoryLock(options: Pick<MemoryStoreOptions, 'clock'> = {}): Lock {
  return memoryStore(options).lock
}
