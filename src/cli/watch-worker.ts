import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Clock, Timer } from '../core/clock.ts'
import type { CommandContext } from './command-context.ts'
import { EXIT, type ExitCode } from './exit-code.ts'

/** An editor that saves a file writes it in several steps. */
const QUIET_MS = 150
/** Makes the worker tell which files it loads. */
const REPORT_FLAG = '--report-modules'

/**
 * Runs a worker in a process of its own, and starts it anew each time one of the files changes that it has loaded. The old one ends
 * as after SIGTERM, so that what runs may end, before the new one starts.
 */
export async function watchWorker(context: CommandContext, entry: string): Promise<ExitCode> {
  const { output, clock } = context
  context.takeOverSignals()
  using files = new WatchedFiles(clock)
  files.add(resolve(entry))
  const stopped = new AbortController()
  let child: WatchedChild | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    stopped.abort()
    child?.kill(signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const stop = once(stopped.signal, 'abort').then(() => 'stopped' as const)
  try {
    while (!stopped.signal.aborted) {
      child = startChild((path) => files.add(path))
      const changed = files.changed()
      const first = await Promise.race([child.ended, changed, stop])
      if (typeof first === 'number') {
        output.note(`the worker has ended with ${first}; it starts anew when a file changes`)
        await Promise.race([changed, stop])
      } else if (!stopped.signal.aborted) {
        output.note(`${first} has changed; the worker ends what runs, and starts anew`)
        child.kill('SIGTERM')
      }
      await child.ended
    }
    return EXIT.ok
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

interface WatchedChild {
  readonly ended: Promise<number>
  kill(signal: NodeJS.Signals): void
}

/** In a process group of its own: a Ctrl-C at the terminal is passed on once, and does not count as two signals. */
function startChild(onModule: (path: string) => void): WatchedChild {
  const [, main = '', ...args] = process.argv
  const given = args.filter((argument) => argument !== '--watch')
  const child = spawn(process.execPath, [...process.execArgv, main, ...given, REPORT_FLAG], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  child.on('message', (message) => {
    if (typeof message === 'string') onModule(message)
  })
  return { ended: exitOf(child), kill: (signal) => void child.kill(signal) }
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? EXIT.no
}

/** Watches folders, since editors put a new file in the place of the old one. */
class WatchedFiles {
  readonly #clock: Clock
  readonly #names = new Map<string, Set<string>>()
  readonly #watchers: FSWatcher[] = []
  #timer: Timer | undefined
  #tell: (name: string) => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(path: string): void {
    const folder = dirname(path)
    const names = this.#names.get(folder)
    if (names !== undefined) return void names.add(basename(path))
    this.#names.set(folder, new Set([basename(path)]))
    const watcher = watch(folder, (_, name) => {
      if (name !== null && this.#names.get(folder)?.has(name) === true) this.#changed(name)
    })
    // A folder that vanishes is no reason to end.
    watcher.on('error', () => watcher.close())
    this.#watchers.push(watcher)
  }

  /** Resolves to the name of the next file that changes, when it is quiet again. */
  changed(): Promise<string> {
    return new Promise((tell) => (this.#tell = tell))
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    for (const watcher of this.#watchers) watcher.close()
  }

  #changed(name: string): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(() => this.#tell(name), QUIET_MS)
  }
}
