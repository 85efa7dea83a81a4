import { sleep, systemClock, type Clock } from '../../core/clock.ts'
import { errorText } from '../../core/errors.ts'
import { silentLogger, type Logger } from '../../core/logger.ts'
import { loadContext, loadFrom, type LoadConfigOptions, type LoadContext } from '../load-config.ts'
import { configError } from './config-error.ts'
import { configChanges, type KeyChange } from './config-changes.ts'
import { readConfigFile, type ConfigFile } from './config-file.ts'
import type { MachineryConfig } from './machinery-config.ts'
import type { LoadedConfig } from './settle-config.ts'

/** What a reload changed. */
export interface ConfigChange {
  readonly config: MachineryConfig
  readonly previous: MachineryConfig
  /** The keys that changed, with values as they may be shown. */
  readonly changes: readonly KeyChange[]
}

/** Options of `watchConfig`. */
export interface WatchConfigOptions extends LoadConfigOptions {
  /** Called after each change, never twice at once; `applyChanges` does what is usual. What it throws is logged. */
  readonly onChange: (change: ConfigChange) => void | Promise<void>
  /** ms between two looks at the file, as in Go. @default 10_000 */
  readonly intervalMs?: number
  /** @default logs nothing */
  readonly logger?: Logger
  /** @default the machine's clock */
  readonly clock?: Clock
}

/**
 * How a reload ended: `changed`; `unchanged`, when no value differs; `invalid`, when the file cannot be read or is wrong, or
 * is still being written: then the configuration stays as it was.
 */
export type ReloadOutcome = 'changed' | 'unchanged' | 'invalid'

/** A configuration that follows its file. */
export interface ConfigWatch extends AsyncDisposable {
  /** The newest configuration that was valid. */
  readonly current: LoadedConfig
  /** Looks at the file now: what SIGHUP asks for. Never rejects. */
  reload(): Promise<ReloadOutcome>
  /** Ends the watch; resolves when no `onChange` runs. */
  close(): Promise<void>
}

const INTERVAL_MS = 10_000
/** A file counts as written when two reads this far apart give the same. */
const QUIET_MS = 250
const MOST_READS = 20

/**
 * Loads the configuration as `loadConfig` does, and follows its file: every `intervalMs` and on `reload`. A change counts as a
 * whole or not at all: a file that is half written, wrong or gone changes nothing and is logged once. Only the file itself is
 * watched, not what it imports; variables and flags of a process do not change.
 * @throws as `loadConfig`, for the first load; `ERR_OPTION_INVALID` for an `intervalMs` that is none
 */
export async function watchConfig(options: WatchConfigOptions): Promise<ConfigWatch> {
  const { intervalMs = INTERVAL_MS } = options
  if (!(Number.isFinite(intervalMs) && intervalMs > 0))
    throw configError(`intervalMs is ${intervalMs}; a number of ms above 0 is right`)
  const context = await loadContext(options)
  const text = context.file === undefined ? undefined : await readConfigFile(context.file)
  return new RunningWatch(options, context, text, await loadFrom(context, text))
}

class RunningWatch implements ConfigWatch {
  current: LoadedConfig
  readonly #options: WatchConfigOptions
  readonly #context: LoadContext
  readonly #clock: Clock
  readonly #logger: Logger
  /** The text of the file that was looked at last, valid or not. */
  #seen: string | undefined
  #isSeenValid = true
  /** What is wrong now and was logged. */
  #logged: string | undefined
  #last: Promise<unknown> = Promise.resolve()
  readonly #closing = new AbortController()
  readonly #looking: Promise<void>

  constructor(
    options: WatchConfigOptions,
    context: LoadContext,
    text: string | undefined,
    loaded: LoadedConfig,
  ) {
    this.#options = options
    this.#context = context
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#seen = text
    this.current = loaded
    this.#looking = this.#look()
  }

  reload(): Promise<ReloadOutcome> {
    const outcome = this.#last.then(() => this.#reload())
    this.#last = outcome
    return outcome
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#looking, this.#last])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #look(): Promise<void> {
    if (this.#context.file === undefined) return
    while (await this.#pause(this.#options.intervalMs ?? INTERVAL_MS)) await this.reload()
  }

  /** False when the watch was closed meanwhile. Unlike `sleep`, it does not keep the process alive. */
  #pause(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const { signal } = this.#closing
      if (signal.aborted) return resolve(false)
      const timer = this.#clock.setTimer(() => {
        signal.removeEventListener('abort', onAbort)
        resolve(true)
      }, ms)
      const onAbort = (): void => {
        timer.cancel()
        resolve(false)
      }
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  async #reload(): Promise<ReloadOutcome> {
    const { file } = this.#context
    if (file === undefined || this.#closing.signal.aborted) return 'unchanged'
    try {
      const text = await this.#settledText(file)
      if (text === undefined) return 'invalid'
      if (text === this.#seen && !this.#isSeenValid) return 'invalid'
      if (text !== this.#seen) {
        this.#seen = text
        this.#isSeenValid = false
        const loaded = await loadFrom(this.#context, text)
        this.#isSeenValid = true
        return await this.#take(file, loaded)
      }
      this.#logged = undefined
      return 'unchanged'
    } catch (error) {
      this.#complain(file, errorText(error))
      return 'invalid'
    }
  }

  /** The text of the file once it no longer changes; undefined when it does not come to rest. */
  async #settledText(file: ConfigFile): Promise<string | undefined> {
    let text = await readConfigFile(file)
    for (let reads = 1; text !== this.#seen; reads++) {
      if (reads === MOST_READS) return undefined
      await sleep(this.#clock, QUIET_MS, this.#closing.signal)
      const next = await readConfigFile(file)
      if (next === text) break
      text = next
    }
    return text
  }

  async #take(file: ConfigFile, loaded: LoadedConfig): Promise<ReloadOutcome> {
    this.#logged = undefined
    const previous = this.current.config
    this.current = loaded
    const changes = configChanges(previous, loaded.config)
    if (changes.length === 0) return 'unchanged'
    for (const { key, from, to, needsRestart } of changes) {
      const effect = needsRestart ? 'it needs a restart' : 'it is in effect'
      this.#logger.info({ key, from, to, needsRestart }, `configuration changed: ${key}; ${effect}`)
    }
    this.#logger.info({ file: file.place }, `Successfully loaded config from file ${file.place}`)
    try {
      await this.#options.onChange({ config: loaded.config, previous, changes })
    } catch (error) {
      this.#logger.error({ err: error }, 'a changed configuration could not be put into effect')
    }
    return 'changed'
  }

  #complain(file: ConfigFile, problem: string): void {
    if (this.#closing.signal.aborted || problem === this.#logged) return
    this.#logged = problem
    this.#logger.warn({ file: file.place }, `Failed to reload config from file ${file.place}: ${problem}`)
  }
}
