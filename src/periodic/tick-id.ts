import { hash } from 'node:crypto'

import type { IdSource } from '../core/id.ts'

/** What a tick is: the same on every server. */
export interface Tick {
  readonly name: string
  /** As it is stored. */
  readonly spec: string
  /** Epoch ms of the activation. */
  readonly tickAt: number
}

/** The UUIDs of everything that a tick enqueues. */
export interface TickUuids {
  /** For groups. */
  readonly ids: IdSource
  /** For tasks: by the place in which a signature first stands, so that all servers with the same work agree. */
  readonly uuidOf: (original: string) => string
}

/** The namespace of all ticks. */
const TICKS = '925552d2-c221-4531-b1dc-f746018a4040'

/** A UUID of version 5: SHA-1 of a namespace and a name (RFC 9562, 5.5). */
export function uuidV5(namespace: string, name: string): string {
  const input = Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)])
  const hex = hash('sha1', input, 'hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`
}

/**
 * Derives them from name, specification, instant and place, so that a tick which is enqueued twice is one to W1 (spec:
 * reliability 5, identity). What it answers depends on the order in which it is asked.
 */
export function tickUuids(tick: Tick): TickUuids {
  const id = tickId(tick)
  const tasks = new Map<string, string>()
  let groups = 0
  return {
    ids: { uuid: () => uuidV5(id, `group ${groups++}`) },
    uuidOf: (original) => {
      const known = tasks.get(original)
      if (known !== undefined) return known
      const uuid = `task_${uuidV5(id, `task ${tasks.size}`)}`
      tasks.set(original, uuid)
      return uuid
    },
  }
}

/** Under it stands the mark that says that the tick was skipped. */
export function skippedUuid(tick: Tick): string {
  return `task_${uuidV5(tickId(tick), 'skipped')}`
}

function tickId({ name, spec, tickAt }: Tick): string {
  return uuidV5(TICKS, JSON.stringify([name, spec, new Date(tickAt).toISOString()]))
}
