import type { DeadLetter, QueueStats } from '../../src/core/ports/inspector.ts'
import { isTerminal, type TaskState } from '../../src/core/task-state.ts'
import { DISTURBANCES, type DisturbanceName, type Disturbances } from './disturbance.ts'
import type { Resumption } from './disturber.ts'
import { heldByWorker, type FaultOptions } from './fault-options.ts'
import { KINDS_OF_POISON, type Poison } from './poison.ts'
import type { Tally } from './tally.ts'

/** Part of the tasks that may be repeated when handlers do nothing and workers keep up with what is sent. */
const MOST_REPEATED = 0.01

/** What was seen of a run, from outside of the system under test. */
export interface Evidence {
  readonly options: FaultOptions
  readonly tally: Tally
  /** States of the acknowledged tasks after the run. */
  readonly states: ReadonlyMap<string, TaskState | undefined>
  /** Terminal states as they were when the harness looked during the run. */
  readonly witnessed: ReadonlyMap<string, string>
  /** How many terminal states were ever written, by UUID; undefined where the store cannot tell. */
  readonly commits: ReadonlyMap<string, number> | undefined
  readonly stats: QueueStats
  readonly dead: readonly DeadLetter[]
  readonly poison: readonly Poison[]
  readonly kills: number
  readonly pauses: number
  readonly disturbances: Disturbances
  /** How often each disturbance happened. */
  readonly happened: Readonly<Record<DisturbanceName, number>>
  readonly resumptions: readonly Resumption[]
  /** What the store holds after the run that nobody needs. */
  readonly leftovers: readonly string[]
  /** What else went wrong: processes that ended, time that ran out. */
  readonly faults: readonly string[]
}

/** One line of the verdict. `most` is what is allowed; undefined for a figure that has no limit. */
export interface Finding {
  readonly what: string
  readonly count: number
  readonly most: number | undefined
  /** Some of what was found. */
  readonly examples: readonly string[]
}

/** Whether a finding is more than what is allowed. */
export function isViolation({ count, most }: Finding): boolean {
  return most !== undefined && count > most
}

/** What marks a terminal state: a later write of another run would change it. */
export function terminalMark({ state, results, error }: TaskState): string {
  return `${state} ${error} ${results.map(({ value }) => value).join(' ')}`
}

/** Judges a run (spec: reliability 8.1). */
export function checkEvidence(evidence: Evidence): readonly Finding[] {
  const { options, tally, states, witnessed, commits, stats, kills, pauses, happened } = evidence
  const { resumptions, leftovers } = evidence
  const acknowledged = [...tally.acknowledged]
  const stateOf = (uuid: string): TaskState | undefined => states.get(uuid)
  const fenceOf = (uuid: string): string => JSON.parse(stateOf(uuid)?.results[0]?.value ?? 'null') as string
  const succeeded = acknowledged.filter((uuid) => stateOf(uuid)?.state === 'SUCCESS')
  const repeated = [...tally.starts.values()].reduce((sum, starts) => sum + starts - 1, 0)

  return [
    figure('acknowledged', acknowledged.length),
    figure('kills', kills),
    figure('pauses of twice the lease', pauses),
    ...DISTURBANCES.filter(({ name }) => options.disturbances[name] > 0).map(({ name }) =>
      figure(name, happened[name]),
    ),
    finding('faults that did not happen', faultsMissing(evidence)),
    found(
      'lost: acknowledged, no end',
      acknowledged.filter((uuid) => !isTerminal(stateOf(uuid)?.state ?? 'PENDING')),
    ),
    found(
      'failed: acknowledged, FAILURE',
      acknowledged.filter((uuid) => stateOf(uuid)?.state === 'FAILURE'),
    ),
    found(
      'acknowledged, never executed',
      acknowledged.filter((uuid) => !tally.starts.has(uuid)),
    ),
    found(
      'executed, never sent',
      [...tally.starts.keys()].filter((uuid) => !tally.attempted.has(uuid)),
    ),
    found(
      'committed twice, by the ledger',
      acknowledged.filter((uuid) => (commits?.get(uuid) ?? 1) > 1),
    ),
    found(
      'SUCCESS that is not in the ledger',
      commits === undefined ? [] : succeeded.filter((uuid) => !commits.has(uuid)),
    ),
    found(
      'terminal states that changed',
      [...witnessed].filter(([uuid, mark]) => changed(stateOf(uuid), mark)).map(([uuid]) => uuid),
    ),
    found(
      'results of a run that did not end',
      succeeded.filter((uuid) => tally.ends.get(uuid)?.has(fenceOf(uuid)) !== true),
    ),
    { what: 'repeated executions', count: repeated, most: mostRepeated(evidence), examples: [] },
    ...resumptions.map(({ name, longestMs, mostMs }) => ({
      what: `ms until work resumed: ${name}`,
      count: longestMs,
      most: mostMs,
      examples: [],
    })),
    finding('left pending', stats.pending),
    finding('left delayed', stats.delayed),
    finding('left in flight', stats.inFlight),
    found('left over in the store', leftovers),
    ...poisonFindings(evidence),
    found('other faults', evidence.faults),
  ]
}

function faultsMissing({ options, kills, pauses, happened }: Evidence): number {
  const missing = (asked: number, count: number): number => Math.max(0, asked - count)
  return DISTURBANCES.reduce(
    (sum, { name }) => sum + missing(options.disturbances[name], happened[name]),
    missing(options.kills, kills) + missing(options.pauses, pauses),
  )
}

/** A dead worker costs what it held. When leases end, all workers may lose what they hold. */
function mostRepeated({ options, disturbances }: Evidence): number {
  const leaseEnds = DISTURBANCES.filter(({ name }) => disturbances[name]?.mayEndLeases === true).reduce(
    (sum, { name }) => sum + options.disturbances[name],
    0,
  )
  const most = (options.kills + options.pauses + leaseEnds * options.workers) * heldByWorker(options)
  const isBrief = options.handlerMs === 0 && options.rate > 0 && options.pauses + leaseEnds === 0
  return isBrief ? Math.min(most, Math.ceil(options.tasks * MOST_REPEATED)) : most
}

function poisonFindings({ dead, poison }: Evidence): readonly Finding[] {
  const key = (body: Uint8Array): string => Buffer.from(body).toString('base64')
  const letters = new Map(dead.map((letter) => [key(letter.body), letter]))
  const known = new Set(poison.map(({ body }) => key(body)))
  return [
    {
      ...figure('poison sent', poison.length),
      examples: poison
        .slice(0, KINDS_OF_POISON)
        .map(({ what, body }) => `${what}: ${letters.get(key(body))?.reason}`),
    },
    found(
      'poison that is not dead',
      poison.filter(({ body }) => !letters.has(key(body))).map(({ what }) => what),
    ),
    found(
      'dead letters without a reason',
      dead.filter(({ reason }) => reason === '').map(({ id }) => id),
    ),
    found(
      'dead letters that are no poison',
      dead.filter(({ body }) => !known.has(key(body))).map(({ reason }) => reason),
    ),
  ]
}

function changed(state: TaskState | undefined, mark: string): boolean {
  return state === undefined || terminalMark(state) !== mark
}

function figure(what: string, count: number): Finding {
  return { what, count, most: undefined, examples: [] }
}

function finding(what: string, count: number): Finding {
  return { what, count, most: 0, examples: [] }
}

function found(what: string, all: readonly string[]): Finding {
  return { what, count: all.length, most: 0, examples: all.slice(0, 3) }
}
