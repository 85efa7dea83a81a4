import { parseArgs } from 'node:util'

import { DISTURBANCES, type DisturbanceName } from './disturbance.ts'

/** What a run of the harness is like. */
export interface FaultOptions {
  /** Names a file of `targets/`. */
  readonly target: string
  readonly tasks: number
  /** Tasks sent per second; 0: as fast as it goes, so that a backlog grows. */
  readonly rate: number
  /** Workers killed with SIGKILL, one for every tasks/kills completions. */
  readonly kills: number
  /** Workers stopped with SIGSTOP for twice the lease, and then resumed: they want to commit what others have taken over. */
  readonly pauses: number
  /** How often each thing happens to the store or to the way to it, evenly over the completions. */
  readonly disturbances: Readonly<Record<DisturbanceName, number>>
  /** How long a frozen server stays frozen. */
  readonly freezeMs: number
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

/** Some of the options; of the disturbances those that happen. */
export type FaultChanges = Partial<Omit<FaultOptions, 'disturbances'>> & {
  readonly disturbances?: Partial<Record<DisturbanceName, number>>
}

const NO_DISTURBANCE = Object.fromEntries(DISTURBANCES.map(({ name }) => [name, 0])) as Record<
  DisturbanceName,
  number
>

const DEFAULTS: FaultOptions = {
  target: '',
  tasks: 20_000,
  rate: 0,
  kills: 40,
  pauses: 0,
  disturbances: NO_DISTURBANCE,
  freezeMs: 30_000,
  workers: 4,
  concurrency: 20,
  handlerMs: 20,
  leaseMs: 2_000,
  timeoutMs: 1_200_000,
  seed: 1,
}

interface Flag {
  readonly flag: string
  readonly standard: number
  readonly least: number
  readonly means: string
}

const FLAGS = {
  tasks: { flag: 'tasks', standard: DEFAULTS.tasks, least: 1, means: 'tasks that are sent' },
  rate: {
    flag: 'rate',
    standard: DEFAULTS.rate,
    least: 0,
    means: 'tasks sent per second; 0: as fast as it goes',
  },
  kills: { flag: 'kills', standard: DEFAULTS.kills, least: 0, means: 'workers killed with SIGKILL' },
  pauses: {
    flag: 'pauses',
    standard: DEFAULTS.pauses,
    least: 0,
    means: 'workers stopped for twice the lease, and resumed',
  },
  freezeMs: {
    flag: 'freeze-ms',
    standard: DEFAULTS.freezeMs,
    least: 1,
    means: 'how long the server is frozen each time',
  },
  workers: { flag: 'workers', standard: DEFAULTS.workers, least: 1, means: 'worker processes' },
  concurrency: {
    flag: 'concurrency',
    standard: DEFAULTS.concurrency,
    least: 1,
    means: 'handlers that run at once in each worker',
  },
  handlerMs: {
    flag: 'handler-ms',
    standard: DEFAULTS.handlerMs,
    least: 0,
    means: 'longest run of a handler; 0: handlers that do nothing',
  },
  leaseMs: {
    flag: 'lease-ms',
    standard: DEFAULTS.leaseMs,
    least: 30,
    means: 'a worker without a sign of life for so long is taken for dead',
  },
  timeoutMs: {
    flag: 'timeout-ms',
    standard: DEFAULTS.timeoutMs,
    least: 1_000,
    means: 'longest time of the whole run',
  },
  seed: { flag: 'seed', standard: DEFAULTS.seed, least: 0, means: 'of the random choices' },
} as const satisfies Partial<Record<keyof FaultOptions, Flag>>

const DISTURBANCE_FLAGS: readonly Flag[] = DISTURBANCES.map(({ name, means }) => ({
  flag: name,
  standard: 0,
  least: 0,
  means,
}))
const ALL_FLAGS: readonly Flag[] = [...Object.values(FLAGS), ...DISTURBANCE_FLAGS]

/** What can be asked for. @param targets names of the targets that are there */
export function usage(targets: readonly string[]): string {
  const lines = ALL_FLAGS.map(
    ({ flag, standard, means }) => `  ${`--${flag} ${standard}`.padEnd(24)}${means}`,
  )
  return [
    `npm run fault -- TARGET [flags]    TARGET: ${targets.join(', ')}`,
    'Flags, with what they are when they are left out:',
    ...lines,
  ].join('\n')
}

/** Endings that a worker may hold unsettled beyond its running handlers (design: slots). */
const SETTLE_WINDOW = 64

/** How many tasks one worker may have begun and not settled. */
export function heldByWorker({ concurrency }: FaultOptions): number {
  return concurrency + SETTLE_WINDOW
}

/** The default run of a target, with changes. */
export function faultOptions(target: string, changes: FaultChanges = {}): FaultOptions {
  const disturbances = { ...NO_DISTURBANCE, ...changes.disturbances }
  return { ...DEFAULTS, ...changes, target, disturbances }
}

/**
 * The options of a command line; `help` when that is what it asks for.
 * @param targets names of the targets that are there
 * @throws Error naming what is wrong, its value and what would be right
 */
export function parseFaultOptions(
  args: readonly string[],
  targets: readonly string[],
): FaultOptions | 'help' {
  const { positionals, tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(ALL_FLAGS.map(({ flag }) => [flag, { type: 'string' as const }])),
    },
  })
  const given = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (token.name === 'help') return 'help'
    const flag = ALL_FLAGS.find(({ flag: known }) => known === token.name)
    if (flag === undefined) {
      const right = ALL_FLAGS.map(({ flag: known }) => `--${known}`).join(', ')
      throw new Error(`${token.rawName} is no flag; ${right} and --help are`)
    }
    if (given.has(flag.flag)) throw new Error(`--${flag.flag} is there twice; once is right`)
    given.set(flag.flag, token.value ?? '')
  }
  const [target, ...others] = positionals
  if (target === undefined || others.length > 0 || !targets.includes(target)) {
    const text = JSON.stringify(positionals.join(' '))
    throw new Error(`the target is ${text}; one of ${targets.join(', ')} is right`)
  }
  const number = ({ flag, standard, least }: Flag): number => {
    const text = given.get(flag)
    if (text === undefined) return standard
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
    throw new Error(`--${flag} is ${JSON.stringify(text)}; a whole number from ${least} is right`)
  }
  const numbers = Object.fromEntries(Object.entries(FLAGS).map(([name, flag]) => [name, number(flag)]))
  const disturbances = Object.fromEntries(DISTURBANCE_FLAGS.map((flag) => [flag.flag, number(flag)]))
  return faultOptions(target, { ...numbers, disturbances })
}
