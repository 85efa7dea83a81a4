import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { waitFor } from '../support/wait-for.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** The module of tasks that workers of these tests run. */
export const ENTRY: string = join(import.meta.dirname, 'cli-tasks.ts')

/** How a command ended. */
export interface CliEnd {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
  /** The lines of stdout, as JSON. */
  readonly json: readonly Readonly<Record<string, unknown>>[]
}

/** A command that runs. */
export interface CliProcess {
  readonly ended: Promise<CliEnd>
  /** What it has written to stdout and stderr by now. */
  readonly output: () => string
  signal(signal: NodeJS.Signals): void
  /** Resolves when it has written this. */
  says(text: string | RegExp): Promise<unknown>
  /** As SIGKILL does. */
  kill(): Promise<void>
}

/** Where a command runs. */
export interface CliPlace {
  readonly url?: string
  readonly input?: string
  readonly cwd?: string
}

/** Starts a command as a user does, without a configuration from outside. */
export function startCli(args: readonly string[], { url, input, cwd }: CliPlace = {}): CliProcess {
  const env = { PATH: process.env['PATH'], ...(url === undefined ? {} : { BROKER: url }) }
  const child = spawn(process.execPath, [MAIN, ...args], { env, cwd: cwd ?? import.meta.dirname })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (texts.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (texts.stderr += String(chunk)))
  child.stdin.end(input ?? '')
  const ended = endOf(child, texts)
  const output = (): string => texts.stdout + texts.stderr
  return {
    ended,
    output,
    signal: (signal) => void child.kill(signal),
    says: (text) =>
      waitFor(() => (typeof text === 'string' ? output().includes(text) : text.test(output())), {
        timeoutMs: 30_000,
        what: `${args.join(' ')} says ${String(text)}`,
      }),
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Runs a command to its end. */
export function runCli(args: readonly string[], place?: CliPlace): Promise<CliEnd> {
  return startCli(args, place).ended
}

async function endOf(
  child: ChildProcess,
  texts: { readonly stdout: string; readonly stderr: string },
): Promise<CliEnd> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return {
    code: signal ?? code ?? -1,
    ...texts,
    get json() {
      const lines = texts.stdout.split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    },
  }
}
