import { createHash } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { extname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { errorText, MachineryError } from '../../core/errors.ts'
import { configError, shownText } from './config-error.ts'
import { readCode } from './read-code.ts'
import { FILE_VARIABLE, type Environment } from './read-environment.ts'
import { readYaml } from './read-yaml.ts'
import type { Settings } from './settings.ts'

/** A file of the configuration. */
export interface ConfigFile {
  readonly path: string
  /** Its path as errors and logs show it. */
  readonly place: string
  /** A module of our own, or YAML as Go reads it. */
  readonly isModule: boolean
}

/** Where a configuration may come from. */
export interface FileOptions {
  readonly file?: string | false
  readonly env: Environment
  readonly cwd: string
}

const MODULES = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']
const TEXTS = ['.yml', '.yaml', '.json']
const SOUGHT = ['.ts', '.mts', '.js', '.mjs', '.yml', '.yaml'].map((end) => `machinery.config${end}`)

/**
 * The file that is named by `file`, else by `MACHINERY_CONFIG`, else the first `machinery.config.*` that is there.
 * @throws `ERR_OPTION_INVALID` for a name with another ending
 */
export async function findConfigFile({ file, env, cwd }: FileOptions): Promise<ConfigFile | undefined> {
  if (file === false) return undefined
  const named = file ?? (env[FILE_VARIABLE] === '' ? undefined : env[FILE_VARIABLE])
  if (named !== undefined) return configFile(named, cwd)
  for (const name of SOUGHT) {
    const found = configFile(name, cwd)
    if (await isThere(found.path)) return found
  }
  return undefined
}

function configFile(name: string, cwd: string): ConfigFile {
  const end = extname(name).toLowerCase()
  const isModule = MODULES.includes(end)
  if (!isModule && !TEXTS.includes(end)) {
    const right = [...TEXTS, ...MODULES].join(', ')
    throw configError(`the configuration file is ${shownText(name)}; a name that ends in ${right} is right`)
  }
  const path = resolve(cwd, name)
  const fromHere = relative(cwd, path)
  return { path, place: fromHere.startsWith('..') ? path : fromHere, isModule }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

/**
 * The whole text of the file.
 * @throws `ERR_OPTION_INVALID` with Go's texts when it cannot be read, or is empty: an empty file is one that is being written
 */
export async function readConfigFile({ path, place }: ConfigFile): Promise<string> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? errorText(cause)
    throw new MachineryError('ERR_OPTION_INVALID', `${place}: Open file error: ${code}; a file is right`, {
      cause,
    })
  }
  if (text.trim() === '') throw configError(`${place}: Read from file error: EOF; a file with keys is right`)
  return text
}

/**
 * What the file says. A module is loaded once for each text that it had.
 * @param text its text, as it was read
 * @throws `ERR_OPTION_INVALID` naming the file, and key and value where it is about one
 */
export async function fileSettings(file: ConfigFile, text: string): Promise<Settings> {
  if (!file.isModule) return readYaml(text, file.place)
  const content = await importDefault(file, text)
  return readCode(content, { place: file.place, takesTexts: false, nameOf: (path) => path })
}

async function importDefault({ path, place }: ConfigFile, text: string): Promise<unknown> {
  const version = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const url = `${pathToFileURL(path).href}?version=${version}`
  let loaded: { readonly default?: unknown }
  try {
    loaded = (await import(/* @vite-ignore */ url)) as typeof loaded
  } catch (error) {
    throw loadError(place, error)
  }
  if (loaded.default !== undefined) return loaded.default
  throw configError(`${place}: it has no default export; export default defineConfig({ … }) is right`)
}

/** What a parser says quotes the file, and with it perhaps a password; of what the file's own code throws, the text is kept. */
function loadError(place: string, error: unknown): MachineryError {
  const { code, name = 'Error' } = error as { readonly code?: unknown; readonly name?: string }
  if (name === 'SyntaxError' || (typeof code === 'string' && /SYNTAX/.test(code))) {
    const what = typeof code === 'string' ? code : name
    return configError(`${place}: it cannot be loaded: ${what}; a module that Node.js runs is right`)
  }
  const cause = new Error(errorText(error))
  if (error instanceof Error && error.stack !== undefined) cause.stack = error.stack
  const text = `${place}: it cannot be loaded: ${shownText(cause.message)}`
  return new MachineryError('ERR_OPTION_INVALID', text, { cause })
}
