import { configError } from './config-error.ts'
import { splitName, type ConfigKey, type ConfigPath } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import type { MachineryConfig } from './machinery-config.ts'
import { sectionUses } from './section-uses.ts'
import type { Settings } from './settings.ts'

/** Where a value came from; what comes later here counts more. */
export type ConfigSource = 'default' | 'file' | 'environment' | 'flag'

/** A configuration, and where it came from. */
export interface LoadedConfig {
  readonly config: MachineryConfig
  /** Path of the file that was read. */
  readonly file: string | undefined
  /** Where each value came from, by its path. */
  readonly sources: Readonly<Partial<Record<ConfigPath, ConfigSource>>>
  /** What was given and has no effect here, and why: a sentence each, without secrets. */
  readonly notices: readonly string[]
}

/** What the sources say, one by one. */
export interface SourceSettings {
  readonly file: Settings
  readonly environment: Settings
  readonly flag: Settings
}

interface Entry {
  readonly key: ConfigKey
  readonly value: unknown
  readonly source: ConfigSource
  readonly name: string
}

const ORDER = ['flag', 'environment', 'file'] as const

/**
 * Puts the sources together: flag over environment over file over default, key by key.
 * @param hasGoDefaults whether keys that nobody sets have the values that Go's loaders start from
 * @throws `ERR_OPTION_INVALID` when nothing says where the broker is
 */
export function settleConfig(
  given: SourceSettings,
  hasGoDefaults: boolean,
): Pick<LoadedConfig, 'config' | 'sources' | 'notices'> {
  const set = CONFIG_KEYS.flatMap((key) => entryOf(key, given))
  // Go has a section when one of its keys is there; what only exists here does not bring Go's defaults with it.
  const ofGo = set.filter(({ key }) => hasGoDefaults && key.go !== undefined)
  const sections = new Set(ofGo.map(({ key }) => splitName(key.path).section))
  const entries = CONFIG_KEYS.flatMap((key): readonly Entry[] => {
    const entry = set.find((one) => one.key === key)
    if (entry !== undefined && entry.value !== undefined) return [entry]
    const { section } = splitName(key.path)
    const isPresent = section === '' ? hasGoDefaults : sections.has(section)
    if (!isPresent || key.goDefault === undefined) return []
    return [{ key, value: key.goDefault, source: 'default', name: key.path }]
  })
  const config = nested(entries)
  if (config.broker === undefined) {
    throw configError(
      'broker is not set; a flag, the variable BROKER or broker in the configuration file is right',
      'broker',
    )
  }
  return {
    config: { ...config, broker: config.broker },
    sources: Object.fromEntries(entries.map(({ key, source }) => [key.path, source])),
    notices: noticesOf(entries),
  }
}

function entryOf(key: ConfigKey, given: SourceSettings): readonly Entry[] {
  const source = ORDER.find((one) => given[one].has(key.path))
  const setting = source === undefined ? undefined : given[source].get(key.path)
  return source === undefined || setting === undefined ? [] : [{ key, source, ...setting }]
}

function nested(entries: readonly Entry[]): Partial<MachineryConfig> {
  const config: Record<string, unknown> = {}
  for (const { key, value } of entries) {
    const { section, name } = splitName(key.path)
    if (section === '') config[name] = value
    else config[section] = { ...(config[section] as object | undefined), [name]: value }
  }
  return config
}

function noticesOf(entries: readonly Entry[]): readonly string[] {
  const ports = entries.filter(({ key }) => ['broker', 'resultBackend', 'lock'].includes(key.path))
  const assumed = ports
    .filter(({ source }) => source === 'default')
    .map(({ name }) => `${name} is not set; the default of Go Machinery, amqp://localhost:5672/, is used`)
  const given = entries.filter(({ source }) => source !== 'default')
  const paths = new Set(entries.map(({ key }) => key.path))
  const unused = new Map<string, string>()
  for (const { key, name } of given) {
    const { section } = splitName(key.path)
    const reason = sectionUses(
      section,
      ports.map(({ value }) => value),
    )
    if (reason !== undefined) unused.set(section, `${section} has no effect here because ${reason}`)
    else if (key.noEffect !== undefined)
      unused.set(key.path, `${name} has no effect here because ${key.noEffect}`)
    else if (key.needs !== undefined && !paths.has(key.needs))
      unused.set(key.path, `${name} has no effect here because ${key.needs} is not set`)
  }
  return [...assumed, ...unused.values()]
}
