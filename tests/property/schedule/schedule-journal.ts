import type { FireWrite } from '../../../src/core/ports/schedule-store.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/core/wire/limits.ts'
import { nextRuns, parseSchedule } from '../../../src/periodic/cron/schedule.ts'
import { decodePayload } from '../../../src/periodic/tick-payload.ts'
import type { PlannedSchedule } from './schedule-plan.ts'

/** What is not as C1 promises. */
export type Fault = 'missed' | 'fired twice' | 'ran twice' | 'early' | 'unexpected'

/** How long a server was able to fire. */
interface Life {
  readonly from: number
  until: number
}

/** A tick may be missed by the policy `last` only while no server lives for this long after it. */
const GRACE_MS = 5_000
const MOST_EARLY_MS = 1_000

/** Writes down what the servers do, and compares it with what the specifications say. */
export class ScheduleJournal {
  readonly #now: () => number
  readonly #fires = new Map<string, number>()
  /** Of each UUID, its tick. */
  readonly #keys = new Map<string, string>()
  readonly #runs = new Map<string, number>()
  readonly #lives: Life[] = []
  readonly #early = new Set<string>()
  /** Publishes that repeated one, as after a crash between publish and `published`. */
  copies = 0
  kills = 0

  /** @param now the true time, epoch ms */
  constructor(now: () => number) {
    this.#now = now
  }

  ready(): Life {
    const life = { from: this.#now(), until: Infinity }
    this.#lives.push(life)
    return life
  }

  fired({ name, tickAt, payload }: FireWrite): void {
    const key = keyOf(name, tickAt)
    for (const { uuid } of decodePayload(payload, DEFAULT_WIRE_LIMITS)) this.#keys.set(uuid, key)
    this.#fires.set(key, (this.#fires.get(key) ?? 0) + 1)
    if (tickAt > this.#now() + MOST_EARLY_MS) this.#early.add(key)
  }

  /** @param isFirst whether W1 lets it run */
  published(uuid: string, isFirst: boolean): void {
    const key = this.#keys.get(uuid) ?? `nothing that was fired: ${uuid}`
    if (isFirst) this.#runs.set(key, (this.#runs.get(key) ?? 0) + 1)
    else this.copies += 1
  }

  /** All faults, and how many ticks there were. */
  check(
    planned: readonly PlannedSchedule[],
    bases: ReadonlyMap<string, number>,
    untilMs: number,
  ): {
    readonly faults: ReadonlyMap<Fault, readonly string[]>
    readonly ticks: number
    readonly excused: number
  } {
    const faults = new Map<Fault, string[]>()
    const note = (fault: Fault, key: string): void =>
      void faults.set(fault, [...(faults.get(fault) ?? []), key])
    const expected = new Set<string>()
    let excused = 0
    for (const schedule of planned) {
      for (const tickAt of ticksOf(schedule, bases.get(schedule.name) as number, untilMs)) {
        const key = keyOf(schedule.name, tickAt)
        expected.add(key)
        if (this.#runs.has(key)) continue
        if (schedule.options.catchUp === 'last' && !this.#isCovered(tickAt)) excused += 1
        else note('missed', key)
      }
    }
    for (const [key, count] of this.#fires) {
      if (count > 1) note('fired twice', key)
      if (!expected.has(key) && tickAtOf(key) <= untilMs) note('unexpected', key)
    }
    for (const [key, count] of this.#runs) if (count > 1) note('ran twice', key)
    for (const key of this.#early) note('early', key)
    return { faults, ticks: expected.size, excused }
  }

  #isCovered(tickAt: number): boolean {
    return this.#lives.some(({ from, until }) => from <= tickAt && until >= tickAt + GRACE_MS)
  }
}

function keyOf(name: string, tickAt: number): string {
  return `${name} at ${new Date(tickAt).toISOString()}`
}

function tickAtOf(key: string): number {
  return Date.parse(key.slice(key.lastIndexOf(' ') + 1))
}

function ticksOf({ spec, options }: PlannedSchedule, base: number, untilMs: number): readonly number[] {
  const { zone, dst } = options
  const timing = parseSchedule(spec, { zone, dst })
  // No specification of the plan has more than two ticks a minute.
  const most = ((untilMs - base) / 60_000) * 2 + 2
  return nextRuns(timing, base, Math.ceil(most)).filter((tickAt) => tickAt <= untilMs)
}
