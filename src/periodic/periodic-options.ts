import { isWellFormed } from '../core/wire/well-formed.ts'
import { optionError, refuseUnknownKeys } from '../task/option-error.ts'
import type { DstPolicy } from './cron/schedule.ts'

/**
 * What becomes of ticks that no server could fire in time, that is within 5 seconds.
 * - `none`: they stay missed, as in Go.
 * - `last`: the newest one is fired, if no later one is due.
 * - `max` and `withinMs`: the newest `max` of those that are not older than `withinMs` are fired, in order.
 */
export type CatchUpPolicy = 'none' | 'last' | { readonly max: number; readonly withinMs: number }

/**
 * What becomes of a tick while the run of an earlier one has not ended.
 * - `allow`: both run.
 * - `skip`: the tick does not run.
 * - `queue`: the newest of such ticks runs as soon as the run has ended.
 */
export type OverlapPolicy = 'allow' | 'skip' | 'queue'

/** Options of `server.schedule`. */
export interface PeriodicOptions {
  /** IANA name of the zone of a specification that names none itself with `CRON_TZ=`. @default the zone of this machine */
  readonly zone?: string
  /** What happens when wall clocks are put forward or back: `go`, `shift` or `utc`. @default 'go' */
  readonly dst?: DstPolicy
  /** What becomes of ticks that were missed: `none`, `last`, or `{ max, withinMs }`. @default 'last' */
  readonly catchUp?: CatchUpPolicy
  /** What becomes of a tick while an earlier run goes on: `allow`, `skip` or `queue`. @default 'allow' */
  readonly overlap?: OverlapPolicy
  /**
   * Takes Go Machinery's lock for each tick, so that servers in Go with the same name and specification exclude this one.
   * `programName` is the part of the lock's key that Go takes from the name of its binary. @default no lock where the backend
   * stores schedules; `programName`: the name of the main script
   */
  readonly interop?: { readonly programName?: string }
}

/** Options with every default filled in. */
export interface SettledPeriodicOptions {
  readonly zone: string | undefined
  readonly dst: DstPolicy
  readonly catchUp: CatchUpPolicy
  readonly overlap: OverlapPolicy
  readonly interop: boolean
  readonly programName: string | undefined
}

/** Most ticks that are fired late, at once. */
const MOST_CAUGHT_UP = 10_000
const MAX_NAME_LENGTH = 200
const OVERLAPS: readonly string[] = ['allow', 'skip', 'queue']

/** @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right; zone and `dst` are checked with the specification. */
export function settlePeriodicOptions(options: PeriodicOptions): SettledPeriodicOptions {
  refuseUnknownKeys('a schedule', options, ['zone', 'dst', 'catchUp', 'overlap', 'interop'])
  const { zone, dst = 'go', catchUp = 'last', overlap = 'allow', interop } = options
  checkCatchUp(catchUp)
  if (!OVERLAPS.includes(overlap)) throw optionError('overlap', overlap, OVERLAPS.join(', '))
  if (interop !== undefined) {
    refuseUnknownKeys('interop', interop, ['programName'])
    const { programName = '' } = interop
    if (typeof programName !== 'string') throw optionError('programName', programName, 'a text')
    // Go's lock tells whether the newest tick was taken, not the ones before.
    if (typeof catchUp === 'object') throw optionError('catchUp', catchUp, "'none' or 'last', with interop,")
  }
  return { zone, dst, catchUp, overlap, interop: interop !== undefined, programName: interop?.programName }
}

/** @throws `ERR_OPTION_INVALID` unless it is a text of 1 to 200 characters. */
export function checkScheduleName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH && isWellFormed(name)) return
  throw optionError('name', name, `a text of 1 to ${MAX_NAME_LENGTH} characters`)
}

function checkCatchUp(catchUp: CatchUpPolicy): void {
  if (catchUp === 'none' || catchUp === 'last') return
  if (typeof catchUp !== 'object' || catchUp === null)
    throw optionError('catchUp', catchUp, "'none', 'last' or { max, withinMs }")
  refuseUnknownKeys('catchUp', catchUp, ['max', 'withinMs'])
  const { max, withinMs } = catchUp
  if (!Number.isInteger(max) || max < 1 || max > MOST_CAUGHT_UP)
    throw optionError('catchUp.max', max, `a whole number from 1 to ${MOST_CAUGHT_UP}`)
  if (!(withinMs > 0)) throw optionError('catchUp.withinMs', withinMs, 'a number of ms above 0')
}
