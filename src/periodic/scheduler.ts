import { MachineryError } from '../core/errors.ts'
import type { Lock } from '../core/ports/lock.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'
import { Publisher } from '../server/publisher.ts'
import type { Runtime } from '../server/runtime.ts'
import type { BeforePublish } from '../server/server-options.ts'
import { optionError } from '../task/option-error.ts'
import type { Ready } from '../task/step.ts'
import { parseSchedule } from './cron/schedule.ts'
import { zoneTable } from './cron/zone-table.ts'
import { Outbox } from './outbox.ts'
import { checkScheduleName, settlePeriodicOptions, type PeriodicOptions } from './periodic-options.ts'
import { hasStates, periodicWork, withTime, type PeriodicWork } from './periodic-work.ts'
import { lastTickOf, parseStored, specWithZone, type ScheduleEntry } from './schedule-entry.ts'
import { listSchedules, previewSchedule, type ScheduleStatus } from './schedule-status.ts'
import { schedulesOverLock } from './schedules-over-lock.ts'
import { StoreTime } from './store-time.ts'
import { TickLoop } from './tick-loop.ts'
import { decodePayload } from './tick-payload.ts'
import { takeGoLock, TickRunner } from './tick-runner.ts'

/** The schedules of all servers over one backend; of this server alone where the backend has no place for them. */
export interface Schedules {
  /** All of them, by name. */
  list(): Promise<readonly ScheduleStatus[]>
  /**
   * The next `count` runs, epoch ms.
   * @throws `ERR_OPTION_INVALID` for a name that is not stored, and for a `count` that is no whole number from 1 to 10,000.
   */
  preview(name: string, count: number): Promise<readonly number[]>
  /** No tick is fired until it is resumed. Answers whether there is such a schedule. */
  pause(name: string): Promise<boolean>
  /** What was missed meanwhile stays missed. Answers whether there is such a schedule. */
  resume(name: string): Promise<boolean>
  /**
   * Forgets it, with what was fired and not published, on all servers; a server that starts later and schedules it brings it
   * back. Answers whether there was such a schedule.
   */
  remove(name: string): Promise<boolean>
  /**
   * Enqueues its work once more, now; ticks are not moved. Resolves to the UUIDs of the tasks that end it.
   * @throws `ERR_OPTION_INVALID` when this server has not scheduled it; as `server.send`.
   */
  runNow(name: string): Promise<readonly string[]>
}

/** The periodic part of a server. */
export interface Scheduler {
  /**
   * Enqueues `work` at every tick of the specification, exactly once per tick however many servers schedule the same name
   * (protocol C1): all of them compute the ticks, the store lets one fire. The work is a template: each run has UUIDs of its own.
   * A schedule of the same name is replaced; what is stored last holds for all servers. It keeps the process alive until
   * the server is closed.
   * @param spec five fields, a descriptor or `@every`, in the dialect of robfig/cron v3; perhaps with `CRON_TZ=<zone> ` in front
   * @throws `ERR_OPTION_INVALID` with robfig/cron's text for a specification, or naming the option; `ERR_BACKEND_REQUIRED` for
   * groups and for `overlap` without a result backend; as `server.send` for work that cannot be sent; `ERR_CLOSED`.
   * @example await server.schedule('nightly', '0 6 * * *', chain(add(1, 1), multiply(4)))
   * @see spec: go-core 4.10, 4.11; reliability 5
   */
  schedule<const S>(name: string, spec: string, work: Ready<S>, options?: PeriodicOptions): Promise<void>
  readonly schedules: Schedules
  /** Idempotent: fires no more, and resolves when what was fired is published or has failed. */
  close(): Promise<void>
}

/** What a scheduler is made of. */
export interface SchedulerParts {
  readonly runtime: Runtime
  readonly lock: Lock
  readonly beforePublish?: BeforePublish | undefined
}

/** Makes the periodic part of a server; it does nothing, and asks nothing, before the first schedule. */
export function createScheduler({ runtime, lock, beforePublish }: SchedulerParts): Scheduler {
  const entries = new Map<string, ScheduleEntry>()
  const zones = zoneTable()
  const durable = runtime.backend?.schedules
  const store = durable ?? storeOverLock(runtime, lock, entries)
  const time = new StoreTime(runtime.clock, () => store.now())
  const onStoreTime: Runtime = { ...runtime, clock: withTime(runtime.clock, () => time.now()) }
  const publisher = new Publisher(onStoreTime)
  const outbox = new Outbox({ store, runtime: onStoreTime, publisher })
  const runner = new TickRunner({
    runtime,
    store,
    time,
    zones,
    outbox,
    lock: durable === undefined ? undefined : lock,
  })
  const loop = new TickLoop({ runtime, store, time, outbox, runner, entries })
  let closing: Promise<void> | undefined

  const refuseClosed = (what: string): void => {
    if (closing !== undefined) throw new MachineryError('ERR_CLOSED', `${what}: the server is closed`)
  }

  const schedule = async (name: string, spec: string, value: unknown, given: PeriodicOptions = {}) => {
    refuseClosed('schedule')
    checkScheduleName(name)
    const options = settlePeriodicOptions(given)
    const { zone, dst, catchUp, overlap, interop, programName } = options
    const parsed = parseSchedule(spec, { dst, zones, ...(zone === undefined ? {} : { zone }) })
    const work = await periodicWork(value, { runtime, beforePublish })
    if (overlap !== 'allow') requireStates(runtime, work, overlap)
    const stored = specWithZone(parsed)
    const entry: ScheduleEntry = {
      name,
      work,
      options,
      givenSpec: spec,
      timing: parseStored(stored, dst, zones),
      handledUpTo: 0,
      dueAt: undefined,
      isQueued: false,
      lockedTickAt: undefined,
      isBusy: false,
    }
    await loop.start()
    const shown = { dst, catchUp, overlap, ...(interop ? { interop: { programName } } : {}) }
    await store.put({ name, spec: stored, options: JSON.stringify(shown) })
    const now = await store.get(name)
    refuseClosed('schedule')
    entry.dueAt = entry.timing.next(now === undefined ? time.now() : lastTickOf(entry, now))
    entries.set(name, entry)
    loop.arm()
  }

  const close = async (): Promise<void> => {
    await loop.close()
    await outbox.idle()
    await publisher.close()
  }

  const changed = async (isThere: Promise<boolean>): Promise<boolean> => {
    refuseClosed('schedules')
    const answer = await isThere
    loop.refreshSoon()
    return answer
  }

  return {
    schedule,
    schedules: {
      list: () => listSchedules(store, zones),
      preview: (name, count) => previewSchedule(store, zones, { name, count }),
      pause: (name) => changed(store.setPaused(name, true)),
      resume: (name) => changed(store.setPaused(name, false)),
      remove: async (name) => {
        refuseClosed('remove')
        entries.delete(name)
        return store.remove(name)
      },
      runNow: async (name) => {
        refuseClosed('runNow')
        const entry = entries.get(name)
        if (entry === undefined) throw optionError('name', name, 'a schedule of this server')
        const { payload, uuids } = await entry.work.extraRun(time.now())
        await outbox.send(decodePayload(payload, runtime.limits))
        return uuids
      },
    },
    close: () => (closing ??= close()),
  }
}

function storeOverLock(
  runtime: Runtime,
  lock: Lock,
  entries: ReadonlyMap<string, ScheduleEntry>,
): ScheduleStore {
  return schedulesOverLock({
    now: () => runtime.clock.now(),
    take: async (name, tickAt) => {
      const entry = entries.get(name)
      return entry !== undefined && (await takeGoLock(lock, entry, Math.max(tickAt, runtime.clock.now())))
    },
  })
}

/** @throws `ERR_BACKEND_REQUIRED`; `ERR_OPTION_INVALID` when the end of the work leaves no state. */
function requireStates(runtime: Runtime, work: PeriodicWork, overlap: string): void {
  if (runtime.backend === undefined) {
    throw new MachineryError('ERR_BACKEND_REQUIRED', `Result backend required: overlap is "${overlap}"`)
  }
  if (hasStates(work.compiled({ name: '', spec: '', tickAt: runtime.clock.now() }).shape)) return
  throw optionError('overlap', overlap, '"allow", for work that ends with noResult,')
}
