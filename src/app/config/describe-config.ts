import { redactUrl } from '../../core/redact-url.ts'
import { shown } from '../../task/option-error.ts'
import { shownText } from './config-error.ts'
import { splitName, type ConfigPath } from './config-key.ts'
import { KEY_BY_PATH } from './config-keys.ts'
import type { MachineryConfig } from './machinery-config.ts'
import type { ConfigSource, LoadedConfig } from './settle-config.ts'

/** One key as it may be shown. */
export interface DescribedKey {
  readonly key: string
  /** Without secrets: URLs have no credentials, paths and queries; passwords and TLS options are not shown. */
  readonly value: string
  readonly source: ConfigSource
}

/** Every key that has a value, as it may be printed: in the order of the documentation, without secrets. */
export function describeConfig({ config, sources }: LoadedConfig): readonly DescribedKey[] {
  return Object.entries(sources).map(([path, source]) => ({
    key: path,
    value: describedValue(config, path as ConfigPath),
    source,
  }))
}

/** The value of one key as it may be shown. */
export function describedValue(config: MachineryConfig, path: ConfigPath): string {
  const value = valueAt(config, path)
  if (value === undefined) return '(default)'
  const how = KEY_BY_PATH.get(path)?.kind.shown
  if (how === 'hidden') return '(not shown)'
  if (how !== 'url') return typeof value === 'object' ? JSON.stringify(value) : plain(value)
  if (value === null) return '(none)'
  return typeof value === 'string' ? urlsText(value, config) : '(a port object)'
}

/** Several URLs of RabbitMQ are shown one by one. Where a part is none, the separator may stand in a password. */
function urlsText(urls: string, { multipleBrokerSeparator: separator = '' }: MachineryConfig): string {
  const parts = separator === '' ? [] : urls.split(separator)
  const areUrls = parts.length > 1 && parts.every((part) => /^amqps?:\/\//i.test(part))
  return areUrls ? parts.map(redactUrl).join(' ') : redactUrl(urls)
}

function plain(value: unknown): string {
  return typeof value === 'string' ? shownText(value) : shown(value)
}

/** The value at a path. */
export function valueAt(config: MachineryConfig, path: ConfigPath): unknown {
  const { section, name } = splitName(path)
  const owner = section === '' ? config : config[section as keyof MachineryConfig]
  return (owner as Readonly<Record<string, unknown>> | undefined)?.[name]
}
