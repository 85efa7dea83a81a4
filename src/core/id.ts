import { randomUUID } from 'node:crypto'
import { systemClock } from './clock.ts'

/** Where ids come from. Injected, so that a schedule can derive them and a simulation can repeat them. */
export interface IdSource {
  /** A UUID in lower case with dashes; never the same twice. */
  uuid(): string
}

/**
 * UUIDs of version 7 (RFC 9562): milliseconds, then 74 random bits. Ids of one time lie side by side, which a store's index
 * rewards (decision 0002).
 */
export const randomIds: IdSource = {
  uuid() {
    const time = systemClock.now().toString(16).padStart(12, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
  },
}

/** A new task id: `task_` and a UUID. */
export function taskUuid(ids: IdSource): string {
  return `task_${ids.uuid()}`
}

/** A new group id: `group_` and a UUID. */
export function groupUuid(ids: IdSource): string {
  return `group_${ids.uuid()}`
}

/** A new chord id: `chord_` and a UUID. */
export function chordUuid(ids: IdSource): string {
  return `chord_${ids.uuid()}`
}
