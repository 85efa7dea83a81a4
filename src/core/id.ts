import { randomUUID } from 'node:crypto'

/** Where ids come from. Injected, so that a schedule can derive them and a simulation can repeat them. */
export interface IdSource {
  /** A UUID in lower case with dashes; never the same twice. */
  uuid(): string
}

/** Random version 4 UUIDs. */
export const randomIds: IdSource = { uuid: () => randomUUID() }

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
