import { configError, unknownName } from './config-error.ts'
import type { ConfigKey } from './config-key.ts'
import { splitName } from './config-key.ts'
import { KEY_BY_PATH } from './config-keys.ts'
import { settingOf, type Setting, type Settings } from './settings.ts'
import { isMap } from './value-kinds.ts'

const PATHS = [...KEY_BY_PATH.keys()]
const SECTIONS = new Set(PATHS.map((path) => splitName(path).section))

/** How values and names in code are taken. */
export interface ReadCodeOptions {
  /** Names the source in errors. */
  readonly place: string
  /** Whether texts may stand for numbers and flags, as on a command line. */
  readonly takesTexts: boolean
  /** A path as the source writes it. */
  readonly nameOf: (path: string) => string
}

/**
 * The settings of an object with the keys of `MachineryConfig`; sections are objects, or names with a dot.
 * @throws `ERR_OPTION_INVALID` naming the key, for an unknown one and for a value that is not allowed.
 */
export function readCode(given: unknown, options: ReadCodeOptions): Settings {
  const { place, takesTexts, nameOf } = options
  if (!isMap(given)) throw configError(`${place}: it is no object of keys; { broker: '…' } is right`)
  const settings = new Map<ConfigKey['path'], Setting>()
  const read = (path: string, value: unknown): void => {
    if (value === undefined) return
    const key = KEY_BY_PATH.get(path)
    if (key === undefined) throw unknownName(place, path, PATHS)
    const how = takesTexts && typeof value === 'string' ? 'fromText' : 'fromCode'
    settings.set(key.path, settingOf(place, nameOf(path), key, value, how))
  }
  for (const [name, value] of Object.entries(given)) {
    if (!SECTIONS.has(name)) read(name, value)
    else if (isMap(value))
      for (const [inner, nested] of Object.entries(value)) read(`${name}.${inner}`, nested)
    else if (value !== undefined)
      throw configError(`${place}: ${name} holds no keys; an object of keys is right`, name)
  }
  return settings
}
