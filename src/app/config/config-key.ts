import type { ValueKind } from './value-kind.ts'
import type { MachineryConfig } from './machinery-config.ts'

/** Keys of the configuration that hold a map of keys. */
export type ConfigSection = 'amqp' | 'azure' | 'dynamodb' | 'limits' | 'mongodb' | 'pubsub' | 'redis' | 'sqs'

/** Where a value stands in a `MachineryConfig`: `defaultQueue`, `redis.masterName`. */
export type ConfigPath = TopPath | { readonly [S in ConfigSection]: SectionPath<S> }[ConfigSection]

/** Paths of keys in no section. */
export type TopPath = Exclude<keyof MachineryConfig, ConfigSection>

/** Paths of the keys of one section. */
export type SectionPath<S extends ConfigSection> = `${S}.${keyof NonNullable<MachineryConfig[S]> & string}`

/** What is known of one key. */
export interface ConfigKey {
  readonly path: ConfigPath
  readonly kind: ValueKind
  /** What it says, for the documentation. */
  readonly means: string
  /** Its name in Go's `Config`; none for a key that Go does not have. */
  readonly go?: string
  /** Names in a YAML file, the usual one first; none: in code only. */
  readonly yaml: readonly string[]
  /** Names of variables; the first that is set counts. */
  readonly env: readonly string[]
  /** Value that Go's loaders start from. */
  readonly goDefault?: unknown
  /** Why it has no effect here: completes "has no effect here because". */
  readonly noEffect?: string
  /** Key without which it has no effect. */
  readonly needs?: ConfigPath
  /** Whether it can change while a worker runs. */
  readonly isLive?: boolean
}

/** A row of the table: what its path and names do not say already. */
export interface KeyRow extends Omit<ConfigKey, 'path' | 'yaml' | 'env'> {
  readonly yaml?: readonly string[]
  readonly env?: readonly string[]
}

/** Begins the names of the variables of keys that Go does not have. */
export const ENV_PREFIX = 'MACHINERY_'

/** A key with the names that its path gives, where its row has none: `log_level` and `MACHINERY_LOG_LEVEL`. */
export function keyOf(path: ConfigPath, row: KeyRow): ConfigKey {
  const snake = path.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return {
    ...row,
    path,
    yaml: row.yaml ?? [snake],
    env: row.env ?? [`${ENV_PREFIX}${snake.replace('.', '_').toUpperCase()}`],
  }
}

/** Section and name of a path or a YAML name. */
export function splitName(name: string): { readonly section: string; readonly name: string } {
  const [first = '', second] = name.split('.')
  return second === undefined ? { section: '', name: first } : { section: first, name: second }
}
