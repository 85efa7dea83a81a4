import type { Backend } from '../../core/ports/backend.ts'
import type { Broker } from '../../core/ports/broker.ts'
import { AmqpBackend } from './amqp-backend.ts'
import { AmqpBroker } from './amqp-broker.ts'
import { openEngine } from './amqp-engine.ts'
import type { AmqpStoreOptions } from './amqp-options.ts'

/** Broker and backend on RabbitMQ. There is no lock: use that of another store. */
export interface AmqpStore {
  readonly broker: Broker
  readonly backend: Backend
  /** Closes all parts and all connections. Idempotent. A part can also be closed alone; the connections end with the last that was used. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Connects to RabbitMQ 3.10 or later, over AMQP 0-9-1. Resolves when there is a connection; one that is lost later is opened
 * again.
 * @throws `ERR_OPTION_INVALID` for an option that is not allowed; `ERR_DRIVER_MISSING` without amqplib; `ERR_CONNECT_FAILED`
 * when no server can be reached
 */
export async function amqpStore(options: AmqpStoreOptions): Promise<AmqpStore> {
  const engine = await openEngine(options)
  const open = new Set<'broker' | 'backend'>()
  const used: { broker?: Broker; backend?: Backend } = {}

  const closing = (part: 'broker' | 'backend') => {
    open.add(part)
    return async (): Promise<void> => {
      open.delete(part)
      if (open.size === 0) await engine.close()
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all([used.broker?.close(), used.backend?.close()])
    await engine.close()
  }
  return {
    get broker() {
      return (used.broker ??= new AmqpBroker(engine, closing('broker')))
    },
    get backend() {
      return (used.backend ??= new AmqpBackend(engine, closing('backend')))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A broker with connections of its own. @throws as `amqpStore` */
export async function amqpBroker(options: AmqpStoreOptions): Promise<Broker> {
  return (await amqpStore(options)).broker
}

/** A backend with connections of its own. @throws as `amqpStore` */
export async function amqpBackend(options: AmqpStoreOptions): Promise<Backend> {
  return (await amqpStore(options)).backend
}
