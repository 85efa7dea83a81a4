import { readInteger, readText } from '../../core/wire/field-readers.ts'
import { readMembers } from '../../core/wire/flat-document.ts'

/** Where a message goes. */
export interface Route {
  readonly queue: string
  /** 0…255. */
  readonly priority: number
}

const ROUTING_KEY = { name: 'RoutingKey', goType: 'string', struct: 'Signature' } as const
const PRIORITY = { name: 'Priority', goType: 'uint8', struct: 'Signature' } as const

/** What a message says about its queue; undefined when it is no document or names none. */
export function routeOf(body: Uint8Array): Route | undefined {
  let queue = ''
  let priority = 0
  try {
    readMembers(body, 'tasks.Signature', ['RoutingKey', 'Priority'], (cursor, name) => {
      if (name === 'RoutingKey') queue = readText(cursor, ROUTING_KEY)
      else priority = readInteger(cursor, PRIORITY)
    })
  } catch {
    return undefined
  }
  return queue === '' ? undefined : { queue, priority: Math.min(Math.max(priority, 0), 255) }
}

/** Whether a message says itself where it goes, so that it can be delayed as Go delays it. */
export function isSelfRouted(body: Uint8Array, { queue, priority }: Route): boolean {
  const route = routeOf(body)
  return route !== undefined && route.queue === queue && route.priority === priority
}

/** A member of the set with envelopes: one line of JSON, then the body. */
export function enveloped(body: Uint8Array, { queue, priority }: Route): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ q: queue, p: priority })}\n`), body])
}

/** A message in one of the delayed sets. */
export interface DelayedMember {
  /** 1: as Go has it, 2: with an envelope. */
  readonly where: 1 | 2
  readonly member: Buffer
  /** Where the body begins. */
  readonly bodyFrom: number
  readonly route: Route | undefined
}

export function delayedMember(where: 1 | 2, member: Buffer): DelayedMember {
  if (where === 1) return { where, member, bodyFrom: 0, route: routeOf(member) }
  const bodyFrom = member.indexOf(10) + 1
  return { where, member, bodyFrom, route: envelopeOf(member.toString('utf8', 0, bodyFrom)) }
}

function envelopeOf(line: string): Route | undefined {
  try {
    const { q, p } = JSON.parse(line) as { readonly q?: unknown; readonly p?: unknown }
    return typeof q === 'string' && q !== '' && typeof p === 'number' ? { queue: q, priority: p } : undefined
  } catch {
    return undefined
  }
}

/** The bytes as a Buffer, without a copy. */
export function bufferOf(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
