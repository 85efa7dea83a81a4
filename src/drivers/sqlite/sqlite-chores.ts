import type { Chore } from '../../core/ports/broker.ts'
import { isDead } from '../shared/process-identity.ts'
import type { ConsumerRow } from './sqlite-consumers.ts'
import type { SqliteEngine } from './sqlite-engine.ts'

/** How often the consumers of other processes are looked at, at most: a dead process is noticed within this time. */
const LOOK_MS = 500
/** States or groups that one transaction removes. */
const EXPIRED_PER_RUN = 200
const EXPIRE_EVERY_MS = 30_000
const EXPIRE_AGAIN_MS = 50

/** Work that every process does for all: harmless when several do it at once. */
export function sqliteChores(engine: SqliteEngine): readonly Chore[] {
  return [reapChore(engine), expireChore(engine)]
}

interface Observation {
  readonly beat: number
  /** How long the beat was seen not to move, by our own clock. */
  readonly silentMs: number
}

/**
 * Returns to its queue what a consumer holds that shows no sign of life: its process is dead, or its beat did not move
 * for the time of its lease. No clock of another process is compared.
 */
function reapChore(engine: SqliteEngine): Chore {
  const { connection, consumers, messages, wakeUp, settings } = engine
  const { clock, checkPids, logger } = settings
  const seen = new Map<number, Observation>()
  let lookedAt: number | undefined

  /** Time counts in steps of at most a third of a lease: if we were stopped, others may have been stopped with us. */
  const observe = ({ id, beat, leaseMs }: ConsumerRow, sinceLookMs: number): boolean => {
    const before = seen.get(id)
    const silentMs = before?.beat === beat ? before.silentMs + Math.min(sinceLookMs, leaseMs / 3) : 0
    seen.set(id, { beat, silentMs })
    return silentMs >= leaseMs
  }

  const reap = async ({ id, beat }: ConsumerRow): Promise<void> => {
    const run = (): boolean => {
      if (!consumers.removeSilent(id, beat)) return false
      messages.giveBack(id, true)
      return true
    }
    const isReaped = await connection.write(run, (done) => done && wakeUp.notifyAll())
    seen.delete(id)
    if (isReaped) logger.warn({ consumer: id }, 'a consumer is gone; what it held returns to its queue')
  }

  const run = async (signal: AbortSignal): Promise<{ readonly nextInMs: number }> => {
    const rows = await connection.read(() => consumers.all())
    const now = clock.monotonic()
    const sinceLookMs = lookedAt === undefined ? 0 : now - lookedAt
    lookedAt = now
    for (const id of seen.keys()) if (!rows.some((row) => row.id === id)) seen.delete(id)
    let nextInMs = LOOK_MS
    for (const row of rows) {
      const isSilent = observe(row, sinceLookMs)
      const isGone = isSilent || (checkPids && isDead(row, consumers.identity))
      if (isGone && !signal.aborted) await reap(row)
      nextInMs = Math.min(nextInMs, row.leaseMs / 3)
    }
    return { nextInMs: Math.max(Math.floor(nextInMs), 1) }
  }

  return {
    name: 'sqlite-reap',
    async run(signal) {
      if (connection.isClosed) return { nextInMs: LOOK_MS }
      try {
        return await run(signal)
      } catch (error) {
        // Where we cannot write, others cannot beat either: nobody is taken for dead because of that time.
        seen.clear()
        throw error
      }
    },
  }
}

/** Removes states and groups whose time has passed. They cannot be read any more before. */
function expireChore({ connection, tasks, groups, settings }: SqliteEngine): Chore {
  const expired = (table: string) =>
    connection.prepare<[id: number]>(
      `SELECT id FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ${EXPIRED_PER_RUN}`,
    )
  const [expiredStates, expiredGroups] = [expired('state'), expired('task_group')]
  return {
    name: 'sqlite-expire',
    async run(signal) {
      if (signal.aborted || connection.isClosed) return { nextInMs: EXPIRE_EVERY_MS }
      const find = () => {
        const now = Math.floor(settings.clock.now())
        return { states: expiredStates.all(now), groups: expiredGroups.all(now) }
      }
      const found = await connection.read(find)
      if (found.states.length + found.groups.length === 0) return { nextInMs: EXPIRE_EVERY_MS }
      await connection.write(() => {
        const again = find()
        for (const [id] of again.states) tasks.removeById(id)
        for (const [id] of again.groups) groups.removeById(id)
      })
      const isMore = found.states.length === EXPIRED_PER_RUN || found.groups.length === EXPIRED_PER_RUN
      return { nextInMs: isMore ? EXPIRE_AGAIN_MS : EXPIRE_EVERY_MS }
    },
  }
}
