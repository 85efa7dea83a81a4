import type { Clock } from '../../../src/core/clock.ts'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { Broker, Outgoing } from '../../../src/core/ports/broker.ts'
import type { ScheduleStore } from '../../../src/core/ports/schedule-store.ts'
import { memoryBroker, memoryLock } from '../../../src/drivers/memory/index.ts'
import { createScheduler } from '../../../src/periodic/scheduler.ts'
import { createProducer } from '../../../src/server/server.ts'
import { task } from '../../../src/task/task.ts'
import type { EventQueue } from '../../simulation/event-queue.ts'
import type { ScheduleJournal } from './schedule-journal.ts'
import type { PlannedSchedule } from './schedule-plan.ts'

/** What all servers of a simulation share. */
export interface ScheduleWorld {
  readonly events: EventQueue
  readonly random: () => number
  /** The true time, epoch ms. */
  readonly now: () => number
  readonly backend: Backend
  readonly journal: ScheduleJournal
  readonly planned: readonly PlannedSchedule[]
  /** Puts something between a server and the store: a mutant. */
  readonly mutate: (store: ScheduleStore, clock: Clock) => ScheduleStore
}

/** One process with a scheduler. */
export interface ScheduleServer {
  readonly isAlive: boolean
  /** As SIGKILL: nothing of it happens any more. */
  kill(): void
}

const SKEW_MS = 2 * 3_600_000
const DRIFT = 0.02
const SLOWEST_MS = 60
/** Of the calls of one tick, at each of their two sides. */
const KILLED_AT_CALL = 0.0015
const STATES_KEPT_MS = 3_600_000

const remind = task('remind', (_schedule: string) => {})

/** Starts a server whose clock is wrong and which may die at any await of a tick. */
export function startServer(world: ScheduleWorld): ScheduleServer {
  const { events, random, journal } = world
  let isAlive = true
  let life: ReturnType<ScheduleJournal['ready']> | undefined
  const owner = { admits: () => isAlive }
  const kill = (): void => {
    if (isAlive) journal.kills += 1
    isAlive = false
    if (life !== undefined) life.until = Math.min(life.until, world.now())
  }
  const clock = wrongClock(world, owner)

  const pause = (): Promise<void> =>
    new Promise((resolve) => void events.schedule(resolve, random() * SLOWEST_MS, owner))
  /** A call that is slow both ways, and in the middle of which the server may die. What a dead server waits for never comes. */
  const through = async <T>(call: () => Promise<T>): Promise<T> => {
    await pause()
    if (random() < KILLED_AT_CALL) kill()
    if (!isAlive) return never()
    const answer = await call()
    if (random() < KILLED_AT_CALL) kill()
    await pause()
    return answer
  }

  const store = world.mutate(world.backend.schedules as ScheduleStore, clock)
  const schedules: ScheduleStore = {
    ...store,
    get: (name) => (random() < 0.1 ? through(() => store.get(name)) : store.get(name)),
    outbox: (olderThanMs, limit) => store.outbox(olderThanMs, limit),
    fire: (tick) =>
      through(async () => {
        const outcome = await store.fire(tick)
        if (outcome === 'fired') journal.fired(tick)
        return outcome
      }),
    published: (name, tickAt) => through(() => store.published(name, tickAt)),
  }
  const broker: Broker = {
    ...memoryBroker({ clock }),
    publish: (batch) =>
      through(async () => {
        for (const message of batch) await deliver(world, message)
        return batch.map(() => ({ outcome: 'stored' as const }))
      }),
  }
  const { tasks, groups, capabilities } = world.backend
  const backend = { tasks, groups, capabilities, schedules, close: async () => {} }
  const lock = memoryLock({ clock })
  const { runtime } = createProducer({ broker, backend, lock, close: async () => {} }, { clock })
  const scheduler = createScheduler({ runtime, lock })
  const start = async (): Promise<void> => {
    for (const { name, spec, options } of world.planned) {
      await scheduler.schedule(name, spec, remind(name), options)
    }
    life = journal.ready()
  }
  void start()
  return {
    get isAlive() {
      return isAlive
    },
    kill,
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}

/** Two hours wrong, and too fast or too slow. */
function wrongClock({ events, random, now }: ScheduleWorld, owner: { admits: () => boolean }): Clock {
  const startedAt = now()
  const rate = 1 + DRIFT * (2 * random() - 1)
  const skew = SKEW_MS * (2 * random() - 1)
  const monotonic = (): number => (now() - startedAt) * rate
  return {
    now: () => startedAt + skew + monotonic(),
    monotonic,
    setTimer: (callback, delayMs) => events.schedule(callback, Math.max(0, delayMs) / rate, owner),
    defer: (callback) => void events.schedule(callback, 0, owner),
    random,
  }
}

/** A worker that takes every message at once: what W1 does not let commit is a copy. */
async function deliver({ backend, journal }: ScheduleWorld, { uuid }: Outgoing): Promise<void> {
  const [outcome] = await backend.tasks.commit([
    {
      uuid,
      taskName: 'remind',
      token: '',
      state: 'SUCCESS',
      results: [],
      error: '',
      expiresInMs: STATES_KEPT_MS,
    },
  ])
  journal.published(uuid, outcome?.kind === 'committed')
}
