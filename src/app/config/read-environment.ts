import { unknownName } from './config-error.ts'
import { ENV_PREFIX, type ConfigKey } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { settingOf, type Setting, type Settings } from './settings.ts'

/** Names the file of the configuration. */
export const FILE_VARIABLE: string = `${ENV_PREFIX}CONFIG`

/** Variables as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

const NAMES = CONFIG_KEYS.flatMap((key) => key.env)
const KNOWN = new Set([...NAMES, FILE_VARIABLE])
/** Kubernetes and Docker set such variables for every service, whose name may begin with ours. */
const SERVICE_LINK = /_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/

/**
 * The settings of the environment: Go's names, and `MACHINERY_…` for the keys that Go does not have.
 * @throws `ERR_OPTION_INVALID` naming the variable, for a value that is not allowed and for an unknown `MACHINERY_…`.
 */
export function readEnvironment(env: Environment): Settings {
  const unknown = Object.keys(env).find(
    (name) =>
      name.startsWith(ENV_PREFIX) && env[name] !== undefined && !KNOWN.has(name) && !SERVICE_LINK.test(name),
  )
  if (unknown !== undefined) throw unknownName('environment', unknown, NAMES)
  const settings = new Map<ConfigKey['path'], Setting>()
  for (const key of CONFIG_KEYS) {
    const name = key.env.find((one) => env[one] !== undefined)
    if (name !== undefined) settings.set(key.path, settingOf('environment', name, key, env[name], 'fromText'))
  }
  return settings
}
