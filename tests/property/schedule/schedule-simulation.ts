import type { Clock } from '../../../src/core/clock.ts'
import type { ScheduleStore } from '../../../src/core/ports/schedule-store.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import { seededRandom } from '../../fault/seeded-random.ts'
import { EventQueue } from '../../simulation/event-queue.ts'
import { ScheduleJournal } from './schedule-journal.ts'
import { planFor, type Night } from './schedule-plan.ts'
import { startServer, type ScheduleServer, type ScheduleWorld } from './schedule-server.ts'

/** One run. */
export interface SimulationOptions {
  readonly night: Night
  readonly seed: number
  readonly hours: number
  /** @default the store as it is */
  readonly mutate?: ScheduleWorld['mutate']
}

/** What a run came to. */
export type SimulationReport = ReturnType<ScheduleJournal['check']> &
  Pick<ScheduleJournal, 'kills' | 'copies'> & { readonly left: number }

const SERVERS = 5
const LIVES_MS = 1_200_000
const DOWN_MS = 20_000
const HOUR_MS = 3_600_000
/** What is due at the end gets this long. */
const TAIL_MS = 60_000

const asItIs = (store: ScheduleStore, _clock: Clock): ScheduleStore => store

/** Five servers with wrong clocks, killed and started again, over one store whose clock is right. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { night, seed, hours, mutate = asItIs } = options
  const random = seededRandom(seed)
  const events = new EventQueue(random)
  const startedAt = Date.parse(night.from)
  const now = (): number => startedAt + events.now
  const trueClock: Clock = {
    now,
    monotonic: () => events.now,
    setTimer: (callback, delayMs) => events.schedule(callback, delayMs),
    defer: (callback) => void events.schedule(callback, 0),
    random,
  }
  const store = memoryStore({ clock: trueClock })
  const journal = new ScheduleJournal(now)
  const planned = planFor(night)
  const world: ScheduleWorld = { events, random, now, backend: store.backend, journal, planned, mutate }
  const untilMs = startedAt + hours * HOUR_MS

  let servers: ScheduleServer[] = []
  const keepRunning = (): void => {
    let server = startServer(world)
    servers.push(server)
    const watch = (): void => {
      if (server.isAlive && random() < 1_000 / LIVES_MS) server.kill()
      if (server.isAlive) return void events.schedule(watch, 1_000)
      servers = servers.filter((one) => one !== server)
      events.schedule(() => {
        server = startServer(world)
        servers.push(server)
        watch()
      }, random() * DOWN_MS)
    }
    watch()
  }
  for (let index = 0; index < SERVERS; index++) events.schedule(keepRunning, random() * 1_000)

  const bases = new Map<string, number>()
  while (now() < untilMs + TAIL_MS && (await events.step())) {
    if (bases.size === planned.length) continue
    for (const { name, lastTickAt, hasFired } of (await store.backend.schedules?.list()) ?? []) {
      if (!hasFired && !bases.has(name)) bases.set(name, lastTickAt)
    }
  }
  for (const server of servers) server.kill()
  const left = (await store.backend.schedules?.outbox(TAIL_MS / 2, 1_000))?.length ?? 0
  return { ...journal.check(planned, bases, untilMs), kills: journal.kills, copies: journal.copies, left }
}
