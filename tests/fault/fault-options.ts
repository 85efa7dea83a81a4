import { parseArgs } from 'node:util'

/** What a run of the harness is like. */
export interface FaultOptions {
  /** Names a file of `targets/`. */
  readonly target: string
  readonly tasks: number
  /** Workers killed with SIGKILL, one for every tasks/kills completions. */
  readonly kills: number
  /** Workers stopped with SIGSTOP for twice the lease, and then resumed: they want to commit what others have taken over. */
  readonly pauses: number
  readonly workers: number
  /** Handlers that run at once in each worker. */
  readonly concurrency: number
  /** Longest run of a handler; each takes a random time from 0 to this. */
  readonly handlerMs: number
  /** How long the broker waits for a sign of life from a worker. */
  readonly leaseMs: number
  /** Most ms for all of it. */
  readonly timeoutMs: number
  /** Of the random choices: which worker is killed, how long handlers run. */
  readonly seed: number
}

const DEFAULTS: FaultOptions = {
  target: '',
  tasks: 20_000,
  kills: 40,
  pauses: 0,
  workers: 4,
  concurrency: 10,
  handlerMs: 20,
  leaseMs: 2_000,
  timeoutMs: 300_000,
  seed: 1,
}

export const USAGE: string =
  'npm run fault -- TARGET [--tasks 20000] [--kills 40] [--pauses 0] [--workers 4] [--concurrency 10] [--handler-ms 20] ' +
  '[--lease-ms 2000] [--timeout-ms 300000] [--seed 1]'

/** The default run of a target, with changes. */
export function faultOptions(target: string, changes: Partial<FaultOptions> = {}): FaultOptions {
  return { ...DEFAULTS, target, ...changes }
}

/** @throws Error naming the flag, its value and what would be right. */
export function parseFaultOptions(args: readonly string[]): FaultOptions {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      tasks: { type: 'string' },
      kills: { type: 'string' },
      pauses: { type: 'string' },
      workers: { type: 'string' },
      concurrency: { type: 'string' },
      'handler-ms': { type: 'string' },
      'lease-ms': { type: 'string' },
      'timeout-ms': { type: 'string' },
      seed: { type: 'string' },
    },
  })
  const [target, ...others] = positionals
  if (target === undefined || others.length > 0 || !/^[a-z-]+$/.test(target)) {
    throw new Error(`the target is ${JSON.stringify(positionals.join(' '))}; one name is right: ${USAGE}`)
  }
  const number = (flag: keyof typeof values, standard: number, least: number): number => {
    const value = Number(values[flag] ?? standard)
    if (Number.isInteger(value) && value >= least) return value
    throw new Error(`--${flag} is ${values[flag]}; a whole number from ${least} is right`)
  }
  return {
    target,
    tasks: number('tasks', DEFAULTS.tasks, 1),
    kills: number('kills', DEFAULTS.kills, 0),
    pauses: number('pauses', DEFAULTS.pauses, 0),
    workers: number('workers', DEFAULTS.workers, 1),
    concurrency: number('concurrency', DEFAULTS.concurrency, 1),
    handlerMs: number('handler-ms', DEFAULTS.handlerMs, 0),
    leaseMs: number('lease-ms', DEFAULTS.leaseMs, 30),
    timeoutMs: number('timeout-ms', DEFAULTS.timeoutMs, 1_000),
    seed: number('seed', DEFAULTS.seed, 0),
  }
}
