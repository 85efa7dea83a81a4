import type { Chore } from '../../core/ports/broker.ts'
import type { RedisEngine } from './redis-engine.ts'
import type { QueueKeys } from './redis-keys.ts'
import { textPairs } from './redis-reply.ts'
import { isDead, ownIdentity, type ProcessIdentity } from '../shared/process-identity.ts'

/** How often the consumers of other processes are looked at, at most: a dead process is noticed within this time. */
const LOOK_MS = 500
/** With more consumers of a queue than this, one process of all looks at them. */
const MANY_CONSUMERS = 32

/** Names of consumers say which process they are of: `<host>-<pid>-<start>-<random>`. */
export function consumerName(identity: ProcessIdentity, random: string): string {
  const { host, pid, startedAt } = identity
  return `${digest(host)}-${pid}-${startedAt || '0'}-${random}`
}

/** FNV-1a, in base 36: tells hosts apart, and shows nothing of them. */
function digest(text: string): string {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash.toString(36)
}

interface Observation {
  readonly beat: string
  /** How long the beat was seen not to move, by our own clock. */
  readonly silentMs: number
}

/**
 * Returns to its queue what a consumer holds that shows no sign of life: its process is dead, or its beat did not move for
 * the time of a lease. No clock of another process, nor that of the server, is compared.
 */
export function reapChore(engine: RedisEngine, queues: () => readonly QueueKeys[], name: string): Chore {
  const { connection, settings } = engine
  const { clock, checkPids, leaseMs, logger, maxCrashes, maxDead } = settings
  const own = ownIdentity()
  const seen = new Map<string, Observation>()
  /** Queues with many consumers, when they were last looked at. */
  const crowded = new Set<string>()
  let lookedAt: number | undefined

  /** Time counts in steps of at most a third of a lease: if we were stopped, others may have been stopped with us. */
  const isSilent = (consumer: string, beat: string, sinceLookMs: number): boolean => {
    const before = seen.get(consumer)
    const silentMs = before?.beat === beat ? before.silentMs + Math.min(sinceLookMs, leaseMs / 3) : 0
    seen.set(consumer, { beat, silentMs })
    return silentMs >= leaseMs
  }

  const isOfDeadProcess = (consumer: string): boolean => {
    const [host, pid, startedAt = '0'] = consumer.split('-')
    if (host !== digest(own.host)) return false
    return isDead({ host: own.host, pid: Number(pid), startedAt: startedAt === '0' ? '' : startedAt }, own)
  }

  const reap = async (keys: QueueKeys, consumer: string, beat: string): Promise<void> => {
    const { queue, land, registry, counts, dead, priorities } = keys
    const all = [queue, land, registry, keys.flying(consumer), counts, dead, priorities]
    const returned = await connection.script('reap', all, [
      ...[consumer, beat, '1', String(maxCrashes), String(maxDead)],
    ])
    seen.delete(consumer)
    if (Number(returned) < 0) return
    logger.warn({ consumer, queue, returned }, 'a consumer is gone; what it held returned to its queue')
  }

  const leads = async (keys: QueueKeys): Promise<boolean> =>
    (await connection.script('lead', [keys.reaperLeader], [name, String(leaseMs)])) === 1

  const look = async (
    keys: QueueKeys,
    sinceLookMs: number,
    signal: AbortSignal,
  ): Promise<readonly string[]> => {
    // The one that looks at many has them sent to it: the others must not.
    if (crowded.has(keys.queue) && !(await leads(keys))) return []
    const beats = textPairs(await connection.command('hgetall', [keys.registry]))
    if (beats.size > MANY_CONSUMERS) {
      crowded.add(keys.queue)
      if (!(await leads(keys))) return []
    } else crowded.delete(keys.queue)
    for (const [consumer, beat] of beats) {
      const isGone = isSilent(consumer, beat, sinceLookMs) || (checkPids && isOfDeadProcess(consumer))
      if (isGone && !signal.aborted) await reap(keys, consumer, beat)
    }
    return [...beats.keys()]
  }

  return {
    name: 'redis-reap',
    async run(signal) {
      if (connection.isClosed) return { nextInMs: LOOK_MS }
      const now = clock.monotonic()
      const sinceLookMs = lookedAt === undefined ? 0 : now - lookedAt
      lookedAt = now
      try {
        const names = await Promise.all(queues().map((keys) => look(keys, sinceLookMs, signal)))
        const there = new Set(names.flat())
        for (const consumer of seen.keys()) if (!there.has(consumer)) seen.delete(consumer)
      } catch (error) {
        // Where we do not reach the server, others may not either: nobody is taken for dead because of that time.
        seen.clear()
        throw error
      }
      return { nextInMs: Math.max(Math.floor(Math.min(LOOK_MS, leaseMs / 3)), 1) }
    },
  }
}
