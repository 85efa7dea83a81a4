export type { RedisClient, RedisClientFactory } from './redis-client.ts'
export type { RedisStoreOptions } from './redis-options.ts'
export { redisBackend, redisBroker, redisLock, redisStore, type RedisStore } from './redis-store.ts'
export { redisUrlOptions } from './redis-url-options.ts'
