/** Prefix of every key and channel that Go does not know. */
const PREFIX = 'mq'
const SLOTS = 16_384

/** Slot of a Cluster: CRC-16/XMODEM of the hash tag, or of the whole key (Redis Cluster specification, "Key distribution model"). */
export function slotOf(key: string): number {
  const bytes = Buffer.from(tagOf(key) ?? key)
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    crc &= 0xffff
  }
  return crc % SLOTS
}

/** What stands in the first braces, if that is something. */
function tagOf(key: string): string | undefined {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  return open < 0 || close <= open + 1 ? undefined : key.slice(open + 1, close)
}

/** What the names of the keys beside `key` begin with: `mq:{key}:`, in the same slot as `key` whatever it looks like (reliability 2.2). */
export function companionPrefix(key: string): string {
  const tag = tagOf(key)
  if (tag !== undefined) return `${PREFIX}:{${tag}}:${key}:`
  if (!key.includes('}')) return `${PREFIX}:{${key}}:`
  return `${PREFIX}:{${tagForSlot(slotOf(key))}}:${key}:`
}

function tagForSlot(slot: number): string {
  for (let number = 0; ; number++) {
    const tag = number.toString(36)
    if (slotOf(tag) === slot) return tag
  }
}

/** The keys of one queue. */
export interface QueueKeys {
  readonly queue: string
  readonly land: string
  /** Consumer → beat. */
  readonly registry: string
  readonly counts: string
  readonly dead: string
  readonly priorities: string
  readonly reaperLeader: string
  /** The hash of what a consumer holds. */
  readonly flying: (consumer: string) => string
}

export function queueKeys(queue: string): QueueKeys {
  const prefix = companionPrefix(queue)
  return {
    queue,
    land: `${prefix}land`,
    registry: `${prefix}w`,
    counts: `${prefix}dc`,
    dead: `${prefix}dead`,
    priorities: `${prefix}p`,
    reaperLeader: `${prefix}rl`,
    flying: (consumer) => `${prefix}i:${consumer}`,
  }
}

/** The keys of the delayed messages. */
export interface DelayedKeys {
  /** Members are bodies, as Go has them. */
  readonly plain: string
  /** Members are a line of JSON with queue and priority, and the body: for bodies that do not say these themselves. */
  readonly enveloped: string
  readonly dead: string
  readonly moverLeader: string
}

export function delayedKeys(key: string): DelayedKeys {
  const prefix = companionPrefix(key)
  return { plain: key, enveloped: `${prefix}z`, dead: `${prefix}dead`, moverLeader: `${prefix}ml` }
}

/** State of a task, and what only the protocol needs. */
export function taskKeys(uuid: string): readonly [state: string, extra: string] {
  return [uuid, `${companionPrefix(uuid)}x`]
}

/** GroupMeta of a group, its members' outcomes, and who triggers. */
export function groupKeys(uuid: string): readonly [meta: string, outcomes: string, trigger: string] {
  const prefix = companionPrefix(uuid)
  return [uuid, `${prefix}r`, `${prefix}t`]
}

/** As `groupKeys`, and the members of which nothing is known yet. */
export function mixedGroupKeys(
  uuid: string,
): readonly [meta: string, outcomes: string, trigger: string, cursor: string] {
  return [...groupKeys(uuid), `${companionPrefix(uuid)}c`]
}

/** Go's mutex around the trigger of a chord: one for the whole database. */
export const CHORD_MUTEX_KEY = 'TriggerChordMutex'

/** Names of all queues that were used. */
export const QUEUES_KEY = 'mq:queues'

/** Channel on which a change of a task's state is told. */
export const stateChannel = (uuid: string): string => `mq:s:${uuid}`
/** Channel on which consumers of a queue are told of what the blocking move does not see. */
export const wakeChannel = (queue: string): string => `mq:w:${queue}`
/** Channel on which movers are told of a message that is due soon. */
export const dueChannel = (delayedKey: string): string => `mq:due:${delayedKey}`
