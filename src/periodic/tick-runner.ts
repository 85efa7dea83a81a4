import type { Lock } from '../core/ports/lock.ts'
import type { ScheduleStore, StoredSchedule } from '../core/ports/schedule-store.ts'
import type { Runtime } from '../server/runtime.ts'
import type { ZoneTable } from './cron/zone-table.ts'
import { dueTicks, type DueTicks } from './due-ticks.ts'
import { goLockKey, goLockUntilNs } from './go-lock.ts'
import type { Outbox } from './outbox.ts'
import { markSkipped, runningTick } from './overlap.ts'
import { follow, lastTickOf, type ScheduleEntry } from './schedule-entry.ts'
import type { StoreTime } from './store-time.ts'
import type { Tick } from './tick-id.ts'
import { encodePayload } from './tick-payload.ts'

/** A tick is never fired earlier than this before its time by the store's clock, however wrong our own is. */
const MOST_EARLY_MS = 1_000
/** How often a queued tick looks whether the run has ended. */
const QUEUE_POLL_MS = 1_000

/** What a runner of ticks works with. */
export interface TickRunnerParts {
  readonly runtime: Runtime
  readonly store: ScheduleStore
  /** The lock to take before a tick is fired, of schedules with `interop`; undefined where the store is made of it. */
  readonly lock: Lock | undefined
  readonly time: StoreTime
  readonly zones: ZoneTable
  readonly outbox: Outbox
}

/** Fires the due ticks of a schedule. */
export class TickRunner {
  readonly #parts: TickRunnerParts

  constructor(parts: TickRunnerParts) {
    this.#parts = parts
  }

  /**
   * Looks at a schedule: fires what is due and sets when to look again.
   * @throws what the stores, the lock and `beforePublish` throw; then nothing is done with, and it can be called again.
   */
  async look(entry: ScheduleEntry): Promise<void> {
    const { store, time, zones } = this.#parts
    const [now, stored] = await Promise.all([store.now(), store.get(entry.name)])
    if (stored === undefined || stored.isPaused) {
      // Another server may have paused or removed it, and may resume it: then its next tick is seen.
      entry.dueAt = entry.timing.next(Math.max(now, entry.handledUpTo))
      return
    }
    follow(entry, stored, zones)
    const lastTickAt = lastTickOf(entry, stored)
    // Our clock has run ahead since it was measured: without this, the tick would look due until the next measurement.
    if (time.now() > now + MOST_EARLY_MS) await time.measure()
    const untilMs = Math.min(Math.max(now, time.now()), now + MOST_EARLY_MS)
    const due = dueTicks({ timing: entry.timing, lastTickAt, untilMs, catchUp: catchUpOf(entry) })
    const isDone =
      entry.options.overlap === 'allow'
        ? await this.#fireAll(entry, due)
        : await this.#fireOne(entry, due, stored)
    entry.isQueued = !isDone
    entry.dueAt = isDone ? due.nextAt : untilMs + QUEUE_POLL_MS
    if (isDone && due.newest !== undefined) entry.handledUpTo = due.newest
  }

  async #fireAll(entry: ScheduleEntry, due: DueTicks): Promise<true> {
    for (const tickAt of due.fire) await this.#fire(entry, tickAt)
    return true
  }

  /** Of several the newest. Answers whether the due ticks are done with. */
  async #fireOne(entry: ScheduleEntry, due: DueTicks, stored: StoredSchedule): Promise<boolean> {
    const { runtime, store } = this.#parts
    const { backend } = runtime
    const tickAt = due.fire.at(-1)
    if (tickAt === undefined || backend === undefined) return true
    const previous = tickOf(entry, stored.lastTickAt)
    const running = stored.hasFired ? await runningTick(entry.work, previous, { backend, store }) : undefined
    if (running === undefined) await this.#fire(entry, tickAt)
    else if (entry.options.overlap === 'queue') return false
    else {
      await markSkipped(tickOf(entry, tickAt), running, backend)
      await this.#fire(entry, tickAt, encodePayload([]))
    }
    return true
  }

  async #fire(entry: ScheduleEntry, tickAt: number, given?: Uint8Array): Promise<void> {
    const { store, outbox } = this.#parts
    const payload = given ?? (await entry.work.payload(tickOf(entry, tickAt)))
    if (entry.options.interop && !(await this.#lock(entry, tickAt))) return
    const tick = { name: entry.name, tickAt, payload }
    if ((await store.fire(tick)) === 'fired') void outbox.publish(tick)
  }

  /** Once it is ours it stays so: the fire after it may have to be tried again. */
  async #lock(entry: ScheduleEntry, tickAt: number): Promise<boolean> {
    const { lock, time } = this.#parts
    if (lock === undefined || entry.lockedTickAt === tickAt) return true
    const isOurs = await takeGoLock(lock, entry, Math.max(tickAt, time.now()))
    if (isOurs) entry.lockedTickAt = tickAt
    return isOurs
  }
}

/** Takes the lock of the newest tick at `nowMs` as Go does. Resolves to whether it was taken. */
export function takeGoLock(lock: Lock, entry: ScheduleEntry, nowMs: number): Promise<boolean> {
  const key = goLockKey(entry.options.programName, entry.name, entry.givenSpec)
  return lock.lock(key, goLockUntilNs(entry.timing, nowMs))
}

function tickOf({ name, timing }: ScheduleEntry, tickAt: number): Tick {
  return { name, spec: timing.spec, tickAt }
}

/** What was queued waits however long the run takes. */
function catchUpOf({ isQueued, options }: ScheduleEntry): ScheduleEntry['options']['catchUp'] {
  return isQueued && options.catchUp === 'none' ? 'last' : options.catchUp
}
