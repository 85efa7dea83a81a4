import { systemClock } from '../../src/core/clock.ts'
import { DISTURBANCES, type DisturbanceName, type Disturbances } from './disturbance.ts'
import type { FaultOptions } from './fault-options.ts'

/** The longest time from the mark of a disturbance until a task that was sent after it had ended, and the most that it may be. */
export interface Resumption {
  readonly name: DisturbanceName
  readonly longestMs: number
  readonly mostMs: number
}

/** Makes the disturbances of a run, one at a time, evenly over the run. */
export interface Disturber {
  readonly isUnderWay: boolean
  /** Whether all have happened. */
  readonly isDone: boolean
  readonly happened: Readonly<Record<DisturbanceName, number>>
  readonly resumptions: readonly Resumption[]
  /** What went wrong with them. */
  readonly faults: readonly string[]
  /** Begins the next one when it is due. @param done how far the run is, from 0 to 1 */
  look(done: number): void
}

/**
 * @param probe resolves when a task that is sent now has ended
 * @throws Error when the target cannot do what is asked for
 */
export function startDisturber(
  { target, disturbances: counts }: FaultOptions,
  disturbances: Disturbances,
  probe: () => Promise<void>,
): Disturber {
  const asked = DISTURBANCES.map(({ name }) => name).filter((name) => counts[name] > 0)
  for (const name of asked) {
    if (disturbances[name] !== undefined) continue
    const can = Object.keys(disturbances).map((known) => `--${known}`)
    const right = can.length === 0 ? 'no such flag' : can.join(', ')
    throw new Error(`--${name} is ${counts[name]}; the target ${target} has ${right}`)
  }
  const happened = Object.fromEntries(DISTURBANCES.map(({ name }) => [name, 0])) as Record<
    DisturbanceName,
    number
  >
  const longest = new Map<DisturbanceName, number>()
  const faults: string[] = []
  let isUnderWay = false

  const run = async (name: DisturbanceName): Promise<void> => {
    const disturbance = disturbances[name]
    if (disturbance === undefined) return
    isUnderWay = true
    let markedAt = systemClock.monotonic()
    try {
      await disturbance.run(() => (markedAt = systemClock.monotonic()))
      if (disturbance.resumeWithinMs !== undefined) {
        await probe()
        const tookMs = Math.round(systemClock.monotonic() - markedAt)
        longest.set(name, Math.max(longest.get(name) ?? 0, tookMs))
      }
    } catch (error) {
      faults.push(`${name}: ${String(error)}`)
    }
    happened[name]++
    isUnderWay = false
  }

  return {
    get isUnderWay() {
      return isUnderWay
    },
    get isDone() {
      return asked.every((name) => happened[name] >= counts[name])
    },
    happened,
    get resumptions() {
      return [...longest].map(([name, longestMs]) => ({
        name,
        longestMs,
        mostMs: disturbances[name]?.resumeWithinMs ?? 0,
      }))
    },
    faults,
    look(done) {
      if (isUnderWay) return
      const isDue = (name: DisturbanceName): boolean =>
        happened[name] < Math.min(counts[name], Math.floor(done * counts[name] + 0.5))
      const next = asked.find(isDue)
      if (next !== undefined) void run(next)
    },
  }
}
