import type { Schedule } from './cron/schedule.ts'
import type { CatchUpPolicy } from './periodic-options.ts'

/** A tick that is late by no more than this is on time; it is always fired. */
export const ON_TIME_MS = 5_000

/** More ticks than this since the last one are not counted through. */
const COUNTED_THROUGH = 1_000
const FIRST_WINDOW_MS = 3 * 3_600_000
/** Ticks are at least a second apart. */
const MOST_ON_TIME = ON_TIME_MS / 1_000 + 1

/** What is to be asked of the ticks of a schedule. */
export interface DueQuestion {
  readonly timing: Schedule
  /** Epoch ms of the newest tick that is done with. */
  readonly lastTickAt: number
  /** Ticks up to here are due. */
  readonly untilMs: number
  readonly catchUp: CatchUpPolicy
}

/** The ticks that are due. */
export interface DueTicks {
  /** To be fired, in order: those on time, and of the others what the policy says. */
  readonly fire: readonly number[]
  /** The newest that is due, whether it is to be fired or not. */
  readonly newest: number | undefined
  /** The next one that is not due yet; undefined when there is none within five years. */
  readonly nextAt: number | undefined
}

/** A pure function: every server that asks the same gets the same answer. */
export function dueTicks({ timing, lastTickAt, untilMs, catchUp }: DueQuestion): DueTicks {
  const most = MOST_ON_TIME + (typeof catchUp === 'object' ? catchUp.max : 1)
  const due = newestTicks(timing, lastTickAt, untilMs, most)
  const newest = due.at(-1)
  const firstOnTime = due.findIndex((tickAt) => tickAt >= untilMs - ON_TIME_MS)
  const onTime = firstOnTime === -1 ? [] : due.slice(firstOnTime)
  const late = due.slice(0, due.length - onTime.length)
  return {
    fire: [...caughtUp(late, onTime.length > 0, untilMs, catchUp), ...onTime],
    newest,
    nextAt: timing.next(newest ?? lastTickAt),
  }
}

function caughtUp(
  late: readonly number[],
  isCoveredByLater: boolean,
  untilMs: number,
  policy: CatchUpPolicy,
): readonly number[] {
  if (policy === 'none') return []
  if (policy === 'last') return isCoveredByLater ? [] : late.slice(-1)
  return late.filter((tickAt) => tickAt >= untilMs - policy.withinMs).slice(-policy.max)
}

/**
 * The newest ticks after `lastTickAt` up to `untilMs`, in order, at most `most`. After an outage of a year it does not
 * count a year through.
 */
function newestTicks(timing: Schedule, lastTickAt: number, untilMs: number, most: number): readonly number[] {
  const counted: number[] = []
  const limit = Math.max(COUNTED_THROUGH, most)
  let at = timing.next(lastTickAt)
  while (at !== undefined && at <= untilMs && counted.length < limit) {
    counted.push(at)
    at = timing.next(at)
  }
  if (at === undefined || at > untilMs) return counted.slice(-most)
  for (let windowMs = FIRST_WINDOW_MS; ; windowMs *= 2) {
    const from = startOf(timing, lastTickAt, untilMs - windowMs)
    const ticks: number[] = []
    for (let tick = timing.next(from); tick !== undefined && tick <= untilMs; tick = timing.next(tick)) {
      ticks.push(tick)
    }
    if (from === lastTickAt || ticks.length >= most) return ticks.slice(-most)
  }
}

/** An instant near `wantedAt` from which the ticks are the same as from `lastTickAt`. */
function startOf(timing: Schedule, lastTickAt: number, wantedAt: number): number {
  if (wantedAt <= lastTickAt) return lastTickAt
  if (!timing.spec.includes('@every')) return wantedAt
  const first = timing.next(lastTickAt) as number
  const everyMs = timing.next(0) as number
  return wantedAt <= first ? lastTickAt : first + Math.floor((wantedAt - first) / everyMs) * everyMs
}
