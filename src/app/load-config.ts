import { fileSettings, findConfigFile, readConfigFile, type ConfigFile } from './config/config-file.ts'
import type { MachineryConfigInput } from './config/machinery-config.ts'
import { readCode } from './config/read-code.ts'
import { readEnvironment, type Environment } from './config/read-environment.ts'
import { settleConfig, type LoadedConfig } from './config/settle-config.ts'

/** Where `loadConfig` looks. */
export interface LoadConfigOptions {
  /**
   * A YAML file as Go Machinery reads it (`.yml`, `.yaml`, `.json`), or a module whose default export is a configuration
   * (`.ts`, `.js` and the like); `false`: none. @default the variable `MACHINERY_CONFIG`, else `machinery.config.*` in `cwd`
   */
  readonly file?: string | false
  /** Variables: Go Machinery's names, and `MACHINERY_…`. @default process.env */
  readonly env?: Environment
  /** What the command line says: keys as in the configuration, values as in it or as texts. @default none */
  readonly flags?: Flags
  /** Folder for relative paths. @default process.cwd() */
  readonly cwd?: string
}

/** Keys of the configuration, a section as an object or with a dot, with values as they are or as texts. */
export type Flags = MachineryConfigInput | Readonly<Record<string, unknown>>

/** What does not come from the file, with every default filled in. */
export interface LoadContext {
  readonly file: ConfigFile | undefined
  readonly env: Environment
  readonly flags: Flags
}

/**
 * Loads the configuration: a flag counts more than a variable, a variable more than the file, the file more than a default.
 * Go Machinery's YAML files and variables work as they are (go-core 8). Where the file is YAML, or there is none, keys that
 * nobody sets have the values of Go's loaders; beside a module, those of `createServer`.
 * @throws `ERR_OPTION_INVALID` naming the source, the key, its value and what is allowed: for an unknown key, a value that is
 * not allowed, a file that cannot be read, and a broker that nobody names. Secrets are not in the text.
 * @example
 * const { config, notices } = await loadConfig({ file: 'config.yml' })
 * await using server = await createServer({ ...serverOptions(config), tasks: [add] })
 * await using worker = await server.startWorker(workerOptions(config))
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const context = await loadContext(options)
  return loadFrom(context, context.file === undefined ? undefined : await readConfigFile(context.file))
}

/** @throws `ERR_OPTION_INVALID` for a file whose name has another ending */
export async function loadContext(options: LoadConfigOptions): Promise<LoadContext> {
  const { file, env = process.env, flags = {}, cwd = process.cwd() } = options
  const found = await findConfigFile({ ...(file === undefined ? {} : { file }), env, cwd })
  return { file: found, env, flags }
}

/** The configuration, with the file's text as it was read. @throws as `loadConfig` */
export async function loadFrom(
  { file, env, flags }: LoadContext,
  text: string | undefined,
): Promise<LoadedConfig> {
  const fromFile = file === undefined || text === undefined ? new Map() : await fileSettings(file, text)
  const settled = settleConfig(
    {
      file: fromFile,
      environment: readEnvironment(env),
      flag: readCode(flags, { place: 'command line', takesTexts: true, nameOf: flagName }),
    },
    file?.isModule !== true,
  )
  return { ...settled, file: file?.path }
}

/** `redis.leaseMs` → `--redis-lease-ms` */
function flagName(path: string): string {
  const words = path.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return `--${words.replace('.', '-')}`
}
