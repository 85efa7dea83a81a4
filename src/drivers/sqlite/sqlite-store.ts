import type { Backend } from '../../core/ports/backend.ts'
import type { Broker } from '../../core/ports/broker.ts'
import type { Lock } from '../../core/ports/lock.ts'
import { SqliteBackend } from './sqlite-backend.ts'
import { SqliteBroker } from './sqlite-broker.ts'
import { openEngine, type SqliteEngine } from './sqlite-engine.ts'
import { openSqliteLock } from './sqlite-lock.ts'
import type { SqliteStoreOptions } from './sqlite-options.ts'

/** Broker, backend and lock in one file, over one connection. */
export interface SqliteStore {
  readonly broker: Broker
  readonly backend: Backend
  readonly lock: Lock
  /** Closes all parts and the file. Idempotent. A part can also be closed alone; the file is closed with the last that was used. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens the store in a file, and makes it if it is not there. Any number of processes of one machine may use the file at
 * once. Blocks for a few milliseconds; a file that is being made by another process may take longer.
 * @throws `ERR_OPTION_INVALID` for an option that is not allowed, `:memory:` included; `ERR_CONNECT_FAILED` when the file
 * cannot be opened; `ERR_STORE_FAILED` when it belongs to another program or to a later release; `ERR_UNSUPPORTED` on a
 * network file system, or where Node's SQLite must not be shared between processes
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  return storeOver(openEngine(options))
}

/** As `sqliteStore`, over an engine that was opened before. */
export function storeOver(engine: SqliteEngine): SqliteStore {
  const open = new Set<'broker' | 'backend' | 'lock'>()
  const used: { broker?: Broker; backend?: Backend; lock?: Lock } = {}

  const closing = (part: 'broker' | 'backend' | 'lock') => {
    open.add(part)
    return async (): Promise<void> => {
      open.delete(part)
      if (open.size === 0) await engine.close()
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all([used.broker?.close(), used.backend?.close(), used.lock?.close()])
    await engine.close()
  }
  return {
    get broker() {
      return (used.broker ??= new SqliteBroker(engine, closing('broker')))
    },
    get backend() {
      return (used.backend ??= new SqliteBackend(engine, closing('backend')))
    },
    get lock() {
      return (used.lock ??= openSqliteLock(engine, closing('lock')))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A broker with a connection of its own. @throws as `sqliteStore` */
export function sqliteBroker(options: SqliteStoreOptions): Broker {
  return sqliteStore(options).broker
}

/**
 * A backend with a connection of its own; a broker that is opened on the same file knows it as its own store.
 * @throws as `sqliteStore`
 */
export function sqliteBackend(options: SqliteStoreOptions): Backend {
  return sqliteStore(options).backend
}

/** A lock with a connection of its own. @throws as `sqliteStore` */
export function sqliteLock(options: SqliteStoreOptions): Lock {
  return sqliteStore(options).lock
}
