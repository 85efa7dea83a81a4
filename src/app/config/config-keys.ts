import { keyOf, type ConfigKey, type ConfigPath, type KeyRow } from './config-key.ts'
import { REDIS_KEYS } from './redis-keys.ts'
import { AMQP_KEYS, AZURE_KEYS, DYNAMODB_KEYS, MONGODB_KEYS, PUBSUB_KEYS, SQS_KEYS } from './section-keys.ts'
import { LIMIT_KEYS, SERVER_KEYS } from './server-keys.ts'

const ROWS: Readonly<Record<ConfigPath, KeyRow>> = {
  ...SERVER_KEYS,
  ...LIMIT_KEYS,
  ...REDIS_KEYS,
  ...AMQP_KEYS,
  ...SQS_KEYS,
  ...AZURE_KEYS,
  ...DYNAMODB_KEYS,
  ...MONGODB_KEYS,
  ...PUBSUB_KEYS,
}

/** Every key that there is. */
export const CONFIG_KEYS: readonly ConfigKey[] = Object.entries(ROWS).map(([path, row]) =>
  keyOf(path as ConfigPath, row),
)

/** The same by path. */
export const KEY_BY_PATH: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((key) => [key.path, key]))
