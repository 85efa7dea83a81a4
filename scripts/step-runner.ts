import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The folder that all commands run in. */
export const ROOT: string = join(import.meta.dirname, '..')

const DRAIN_MS = 1_000

/** One command of a run. */
export interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...args: string[]]
  /** Shows the output while it runs; otherwise it is shown at the end, and only if the step failed. */
  readonly live?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** How a step ended. `cut`: the budget ran out before it had ended. */
export interface StepResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'cut'
  readonly durationMs: number
}

/** Runs steps as child processes within one time budget for all of them. */
export interface StepRunner extends Disposable {
  run(step: Step): Promise<StepResult>
  /** Runs all steps, `width` at a time; a failed one does not stop the others. Results are in the order of the steps. */
  runAll(steps: readonly Step[], width: number): Promise<readonly StepResult[]>
  /** Whether the budget ran out: what ran was killed, and what came later was not started. */
  readonly overBudget: boolean
  /** Ends the budget's clock; kills what still runs. */
  [Symbol.dispose](): void
}

/** Options of `stepRunner`. */
export interface StepRunnerOptions {
  /** For all steps together, from now. */
  readonly budgetMs: number
  readonly write?: (text: string) => void
}

/** A runner whose budget starts now. A signal to this process ends the children too. */
export function stepRunner(options: StepRunnerOptions): StepRunner {
  const write = options.write ?? ((text) => void process.stdout.write(text))
  const running = new Map<ChildProcess, string>()
  let overBudget = false
  const killAll = (signal: NodeJS.Signals): void => {
    for (const child of running.keys()) killGroup(child, signal)
  }
  const budget = setTimeout(() => {
    overBudget = true
    const names = [...running.values()].join(', ') || 'nothing'
    write(
      `\nBudget exceeded: ${seconds(options.budgetMs)} are over and these steps still ran: ${names}. Killed.\n`,
    )
    killAll('SIGKILL')
  }, options.budgetMs)
  const onSignal = (signal: NodeJS.Signals): void => {
    killAll(signal)
    process.exit(130)
  }
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)

  const run = async (step: Step): Promise<StepResult> => {
    if (overBudget) return { name: step.name, outcome: 'cut', durationMs: 0 }
    const startedAt = performance.now()
    const child = start(step)
    running.set(child, step.name)
    const output: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) =>
        step.live === true ? write(chunk.toString()) : output.push(chunk),
      )
    }
    const code = await ended(child)
    running.delete(child)
    const durationMs = performance.now() - startedAt
    const outcome = overBudget ? 'cut' : code === 0 ? 'passed' : 'failed'
    if (outcome !== 'passed') write(Buffer.concat(output).toString())
    write(`${outcome === 'passed' ? '✓' : '✗'} ${step.name} ${seconds(durationMs)}\n`)
    return { name: step.name, outcome, durationMs }
  }

  return {
    run,
    runAll: async (steps, width) => {
      const results: StepResult[] = []
      const queue = [...steps.entries()]
      const lane = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift())
          results[next[0]] = await run(next[1])
      }
      await Promise.all(Array.from({ length: width }, lane))
      return results
    },
    get overBudget() {
      return overBudget
    },
    [Symbol.dispose]: () => {
      clearTimeout(budget)
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      killAll('SIGKILL')
    },
  }
}

/** A process group of its own, so that killing it also ends what the tools started. */
function start(step: Step): ChildProcess {
  const [program, ...args] = step.command
  const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)
  return spawn(program, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, ...color(), ...step.env },
  })
}

/** The tools see a pipe: whether there is a terminal behind it is told in the environment. */
function color(): Readonly<Record<string, string>> {
  if ('NO_COLOR' in process.env || 'FORCE_COLOR' in process.env) return {}
  return process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }
}

/** The exit code; undefined when the program could not be started or was killed. */
async function ended(child: ChildProcess): Promise<number | undefined> {
  try {
    const closed = once(child, 'close').catch(() => undefined)
    const [code] = (await once(child, 'exit')) as [number | null]
    // Output may still be in the pipe; a grandchild that outlives the step must not hold the run up.
    const waiting = new AbortController()
    const late = sleep(DRAIN_MS, undefined, { signal: waiting.signal }).catch(() => undefined)
    await Promise.race([closed, late])
    waiting.abort()
    return code ?? undefined
  } catch {
    return undefined
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group has ended already.
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
