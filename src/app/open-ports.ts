import { MachineryError } from '../core/errors.ts'
import type { Backend } from '../core/ports/backend.ts'
import type { Broker } from '../core/ports/broker.ts'
import type { Lock } from '../core/ports/lock.ts'
import { redactUrl } from '../core/redact-url.ts'
import { memoryLock } from '../drivers/memory/index.ts'
import type { ServerPorts } from '../server/server-options.ts'
import { openStore, type DriverContext, type DriverOptions, type OpenedStore } from './driver-registry.ts'

/** Where messages, results and locks are: each a URL, or a port object made elsewhere. */
export interface PortOptions {
  /** `memory:`, `memory:NAME`, `sqlite:PATH`, or a `Broker`. */
  readonly broker: string | Broker
  /** Like `broker`, or `null` for none: then there are no states, no results and no chords. @default none */
  readonly resultBackend?: string | Backend | null
  /** @default the lock of the broker's store where it has one, else one in memory */
  readonly lock?: string | Lock
  /** Options of the drivers that the URLs open, by driver: `{ redis: { sentinelPassword } }`. */
  readonly drivers?: DriverOptions
}

/**
 * Opens what the URLs name; the same URL is opened once. Ports that are given as objects stay open when the server closes.
 * @throws `ERR_OPTION_INVALID` when a URL's driver does not have the part that is asked of it; as `openStore`.
 */
export async function openPorts(options: PortOptions, context: DriverContext): Promise<ServerPorts> {
  const opened = new Map<string, Promise<OpenedStore>>()
  const open = (url: string): Promise<OpenedStore> => {
    // How long states are kept says nothing of a store that keeps none, and may be more than it takes.
    const keepsStates = url === options.resultBackend
    const store =
      opened.get(url) ?? openStore(url, keepsStates ? context : { ...context, resultsExpireInMs: undefined })
    opened.set(url, store)
    return store
  }
  const closeAll = async (): Promise<void> => {
    const stores = await Promise.allSettled(opened.values())
    await Promise.all(stores.flatMap((store) => (store.status === 'fulfilled' ? [store.value.close()] : [])))
  }
  try {
    const broker = await brokerOf(options.broker, open)
    const backend = await backendOf(options.resultBackend, open)
    const { lock, isOurs } = await lockOf(options, open)
    const close = async (): Promise<void> => {
      if (isOurs) await lock.close()
      await closeAll()
    }
    return { broker, backend, lock, close }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function brokerOf(
  broker: string | Broker,
  open: (url: string) => Promise<OpenedStore>,
): Promise<Broker> {
  if (typeof broker !== 'string') return checked('broker', broker, 'publish')
  return (await open(broker)).broker ?? missing('broker', broker)
}

async function backendOf(
  backend: string | Backend | null | undefined,
  open: (url: string) => Promise<OpenedStore>,
): Promise<Backend | undefined> {
  if (backend === undefined || backend === null) return undefined
  if (typeof backend !== 'string') return checked('resultBackend', backend, 'tasks')
  if (/^null(:|$)/.test(backend)) return undefined
  if (isEagerUrl(backend)) return (await open('memory:')).backend
  return (await open(backend)).backend ?? missing('resultBackend', backend)
}

async function lockOf(
  { lock, broker }: PortOptions,
  open: (url: string) => Promise<OpenedStore>,
): Promise<{ readonly lock: Lock; readonly isOurs: boolean }> {
  if (isEagerUrl(lock)) return { lock: memoryLock(), isOurs: true }
  if (typeof lock === 'object') return { lock: checked('lock', lock, 'lock'), isOurs: false }
  if (lock !== undefined) return { lock: (await open(lock)).lock ?? missing('lock', lock), isOurs: false }
  const shared = typeof broker === 'string' ? (await open(broker)).lock : undefined
  return shared === undefined ? { lock: memoryLock(), isOurs: true } : { lock: shared, isOurs: false }
}

/** Go's `eager`, with or without a colon: everything in this process. */
export function isEagerUrl(url: unknown): boolean {
  return typeof url === 'string' && /^eager(:|$)/.test(url)
}

function checked<T extends object>(option: string, port: T | null | undefined, member: keyof T & string): T {
  if (typeof port === 'object' && port !== null && member in port) return port
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `${option} is ${port === null ? 'null' : typeof port}; a URL or a port object is right`,
  )
}

function missing(option: string, url: string): never {
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `${option}: the driver of ${redactUrl(url)} has no ${option}`,
  )
}
