export type { SqliteStoreOptions } from './sqlite-options.ts'
export { sqliteBackend, sqliteBroker, sqliteLock, sqliteStore, type SqliteStore } from './sqlite-store.ts'
