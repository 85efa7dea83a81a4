import { isMachineryError } from '../core/errors.ts'
import type { StoredSchedule } from '../core/ports/schedule-store.ts'
import { parseSchedule, type DstPolicy, type Schedule } from './cron/schedule.ts'
import type { ZoneTable } from './cron/zone-table.ts'
import type { SettledPeriodicOptions } from './periodic-options.ts'
import type { PeriodicWork } from './periodic-work.ts'

/** One schedule of this server: what it enqueues, and when it has to be looked at. */
export interface ScheduleEntry {
  readonly name: string
  readonly work: PeriodicWork
  readonly options: SettledPeriodicOptions
  /** The specification as it was given to this server: part of Go's lock key. */
  readonly givenSpec: string
  /** The stored specification, which all servers follow. */
  timing: Schedule
  /** Ticks up to here are done with, as far as this server is concerned. */
  handledUpTo: number
  /** When it has to be looked at, by the store's clock; undefined while there is nothing to wait for. */
  dueAt: number | undefined
  /** Whether a tick waits for the end of a run (`overlap: 'queue'`). */
  isQueued: boolean
  /** The tick whose lock in Go's manner this server holds. */
  lockedTickAt: number | undefined
  isBusy: boolean
}

/** The specification with its zone, so that it means the same on every machine. */
export function specWithZone(timing: Schedule): string {
  const { spec, zone } = timing
  return /^(CRON_)?TZ=|^@every /.test(spec) ? spec : `CRON_TZ=${zone} ${spec}`
}

/** A stored specification, which names its zone: the zone of this machine has no say. */
export function parseStored(spec: string, dst: DstPolicy, zones: ZoneTable): Schedule {
  return parseSchedule(spec, { dst, zones, zone: 'UTC' })
}

/** Whether another server has stored another specification. */
export function hasChanged(entry: ScheduleEntry, stored: StoredSchedule): boolean {
  return stored.spec !== entry.timing.spec
}

/** The newest tick that is done with. */
export function lastTickOf(entry: ScheduleEntry, stored: StoredSchedule): number {
  return Math.max(stored.lastTickAt, entry.handledUpTo)
}

/**
 * Takes over the specification that is stored now.
 * @throws `ERR_OPTION_INVALID` when this release cannot read it.
 */
export function follow(entry: ScheduleEntry, stored: StoredSchedule, zones: ZoneTable): void {
  if (!hasChanged(entry, stored)) return
  entry.timing = parseStored(stored.spec, entry.options.dst, zones)
  entry.handledUpTo = 0
}

/** What the stored specification says, for display; undefined when this release cannot read it. */
export function storedTiming({ spec, options }: StoredSchedule, zones: ZoneTable): Schedule | undefined {
  const { dst } = optionsOf(options)
  try {
    return parseStored(spec, dst === 'shift' || dst === 'utc' ? dst : 'go', zones)
  } catch (error) {
    if (isMachineryError(error, 'ERR_OPTION_INVALID')) return undefined
    throw error
  }
}

/** The stored options, for display; none when they cannot be read. */
export function optionsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const options: unknown = JSON.parse(text)
    return typeof options === 'object' && options !== null ? { ...options } : {}
  } catch {
    return {}
  }
}
