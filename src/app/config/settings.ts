import type { ConfigKey, ConfigPath } from './config-key.ts'
import { wrongValue } from './config-error.ts'
import { UNFIT } from './value-kind.ts'

/** One value that a source gives; `undefined` sets a key back to its default. */
export interface Setting {
  readonly value: unknown
  /** The name under which the source gave it. */
  readonly name: string
}

/** What one source says. */
export type Settings = ReadonlyMap<ConfigPath, Setting>

/**
 * The setting of a value that was read.
 * @throws `ERR_OPTION_INVALID` naming place, name and value, with what is allowed.
 */
export function settingOf(
  place: string,
  name: string,
  key: ConfigKey,
  given: unknown,
  how: 'fromYaml' | 'fromText' | 'fromCode',
): Setting {
  // A reader is typed by where the value comes from: only texts reach `fromText`.
  const value = (key.kind[how] as (value: unknown) => unknown)(given)
  if (value !== UNFIT) return { value, name }
  const { allowed, allowedInText = allowed, allowedInYaml = allowedInText } = key.kind
  const right = { fromCode: allowed, fromText: allowedInText, fromYaml: allowedInYaml }[how]
  throw wrongValue(place, name, given, key.kind, right)
}
