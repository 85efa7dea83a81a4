import { sleep, systemClock, type Timer } from '../../src/core/clock.ts'
import { startChild, type Child, type ChildOptions } from './child.ts'
import type { FaultOptions } from './fault-options.ts'
import type { ProcessSettings } from './process-settings.ts'
import { seededRandom } from './seeded-random.ts'
import type { WorkerSettings } from './worker-process.ts'

/** A pause is this many leases: long enough that others take over what the paused worker holds. */
const PAUSE_LEASES = 2
const KILL_WITHIN_MS = 50

/** The worker processes of a run: always as many as asked for, whoever is killed. */
export interface Crew {
  readonly kills: number
  readonly pauses: number
  /** Workers that work. */
  readonly ready: number
  /** Whether any is left: workers that end by themselves are not replaced. */
  readonly isGone: boolean
  /** What happened to workers that should not have. */
  readonly faults: readonly string[]
  /** Kills one that works, a random time from now, and starts another in its place. Answers whether there was one to kill. */
  killOne(): Promise<boolean>
  /** Stops one that works for twice the lease: then it goes on with what others have taken over. Answers whether there was one. */
  pauseOne(): boolean
  /** Ends all with SIGTERM, within `limitMs`; what does not end so is a fault. */
  stop(limitMs: number): Promise<void>
  /** Kills all. */
  [Symbol.asyncDispose](): Promise<void>
}

export function startCrew(options: FaultOptions, settings: ProcessSettings, child: ChildOptions): Crew {
  const random = seededRandom(options.seed)
  const faults: string[] = []
  const members = new Set<Child>()
  const expected = new Map<Child, string>()
  const resumes: Timer[] = []
  let started = 0
  let kills = 0
  let pauses = 0

  const start = (): void => {
    started += 1
    const { concurrency, handlerMs } = options
    const name = `worker_${started}`
    const seed = options.seed * 1_000_003 + started
    const own: WorkerSettings = { ...settings, name, concurrency, handlerMs, seed }
    const member = startChild('worker-process.ts', own, child)
    members.add(member)
    void member.ended.then((end) => {
      members.delete(member)
      const right = expected.get(member)
      if (end === right) return
      faults.push(`${name} ended with ${end}, ${right ?? 'and should not have'} ${member.lastWords}`.trim())
    })
  }

  const ready = (): readonly Child[] => [...members].filter((member) => member.isReady)

  const end = (member: Child, signal: 'SIGKILL' | 'SIGTERM', expectedEnd: string): void => {
    expected.set(member, expectedEnd)
    member.end(signal)
  }

  const oneReady = (): Child | undefined => ready()[Math.floor(random() * ready().length)]

  for (let index = 0; index < options.workers; index += 1) start()

  return {
    get kills() {
      return kills
    },
    get pauses() {
      return pauses
    },
    get ready() {
      return ready().length
    },
    get isGone() {
      return members.size === 0
    },
    faults,
    killOne: async () => {
      // Progress is seen in bursts, when batches end: without the wait, workers would die at that very point of their work.
      await sleep(systemClock, random() * KILL_WITHIN_MS)
      const victim = oneReady()
      if (victim === undefined) return false
      end(victim, 'SIGKILL', 'SIGKILL')
      kills += 1
      start()
      return true
    },
    pauseOne: () => {
      const victim = oneReady()
      if (victim === undefined) return false
      victim.pause()
      pauses += 1
      resumes.push(systemClock.setTimer(() => victim.resume(), PAUSE_LEASES * options.leaseMs, true))
      return true
    },
    stop: async (limitMs) => {
      const all = [...members].filter((member) => member.isAlive)
      if (all.length !== options.workers)
        faults.push(`${all.length} of ${options.workers} workers at the end`)
      const late = systemClock.setTimer(() => {
        for (const member of members) member.end('SIGKILL')
      }, limitMs)
      for (const member of all) end(member, 'SIGTERM', 'code 0')
      await Promise.all(all.map((member) => member.ended))
      late.cancel()
    },
    [Symbol.asyncDispose]: async () => {
      for (const resume of resumes) resume.cancel()
      const all = [...members]
      for (const member of all) end(member, 'SIGKILL', 'SIGKILL')
      await Promise.all(all.map((member) => member.ended))
    },
  }
}
