export {
  memoryBackend,
  memoryBroker,
  memoryLock,
  type MemoryParts,
  memoryStore,
  type MemoryStore,
  type MemoryStoreOptions,
} from './memory-store.ts'
