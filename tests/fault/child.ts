import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import type { ProcessNews, ProcessSettings } from './process-settings.ts'

/** Enough for an error with its stack. */
const LAST_WORDS = 2_000

/** A process of the system under test. */
export interface Child {
  /** Neither ended nor told to end. */
  readonly isAlive: boolean
  /** Alive, has said that it is ready, and is not paused. */
  readonly isReady: boolean
  /** How it ended: `code 0`, `SIGKILL`. */
  readonly ended: Promise<string>
  /** The end of what it wrote to stderr. */
  readonly lastWords: string
  /** Tells it to end. */
  end(signal: 'SIGKILL' | 'SIGTERM'): void
  /** Stops it in the middle of whatever it does, until `resume`. */
  pause(): void
  resume(): void
}

/** What a child is started with, besides its settings. */
export interface ChildOptions {
  /** Where Node keeps compiled sources for the next process. */
  readonly compileCache: string
  readonly onTrouble: (text: string) => void
}

/** Starts a program of this folder. */
export function startChild(program: string, settings: ProcessSettings, options: ChildOptions): Child {
  const started = fork(new URL(program, import.meta.url), [JSON.stringify(settings)], {
    env: { ...process.env, NODE_COMPILE_CACHE: options.compileCache },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let isAlive = true
  let isReady = false
  let isPaused = false
  started.on('message', (news: ProcessNews) => {
    if (news.kind === 'ready') isReady = true
    else options.onTrouble(news.text)
  })
  let lastWords = ''
  started.stderr?.on('data', (chunk) => (lastWords = (lastWords + String(chunk)).slice(-LAST_WORDS)))
  started.on('exit', () => (isAlive = false))
  return {
    get isAlive() {
      return isAlive
    },
    get isReady() {
      return isAlive && isReady && !isPaused
    },
    get lastWords() {
      return lastWords
    },
    ended: endOf(started),
    end: (signal) => {
      isAlive = false
      started.kill(signal)
    },
    pause: () => {
      isPaused = true
      started.kill('SIGSTOP')
    },
    resume: () => {
      isPaused = false
      started.kill('SIGCONT')
    },
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return signal ?? `code ${code}`
}
