import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { sleep, systemClock } from '../../src/core/clock.ts'
import type { TaskState } from '../../src/core/task-state.ts'
import { redisStore, type RedisStore } from '../../src/drivers/redis/index.ts'
import { startChild, type ChildOptions } from '../fault/child.ts'
import { startCrew, type Crew } from '../fault/crew.ts'
import { faultOptions } from '../fault/fault-options.ts'
import type { ProcessSettings } from '../fault/process-settings.ts'
import type { ProducerSettings } from '../fault/producer-process.ts'
import { openLogReader } from '../fault/run-log.ts'
import { openTally, type OpenTally, type Tally } from '../fault/tally.ts'
import { waitFor } from '../support/wait-for.ts'
import { startGoProgram, type GoProgram } from './go-program.ts'

/** What a run of a mixed fleet is like. */
export interface FleetOptions {
  /** Half of them are sent by each language. */
  readonly tasks: number
  /** TypeScript workers killed with SIGKILL, evenly over the tasks. Go workers are not: they lose what they hold. */
  readonly kills: number
  /** TypeScript workers, beside one Go worker of the same queue. */
  readonly workers: number
  readonly seed: number
  readonly timeoutMs: number
}

/** What it came to. */
export interface FleetReport {
  readonly acknowledged: number
  readonly kills: number
  /** Acknowledged tasks without a terminal state. */
  readonly lost: readonly string[]
  readonly failed: readonly string[]
  readonly neverRun: readonly string[]
  /** Tasks whose result is not that of a run that came to its end. */
  readonly wrongResults: readonly string[]
  /** Runs beyond the first of each task. */
  readonly repeated: number
  /** Results by the language whose run they are of. */
  readonly results: { readonly Go: number; readonly TypeScript: number }
  readonly faults: readonly string[]
  readonly seconds: number
}

const QUEUE = 'fleet_tasks'
const CONCURRENCY = 10
const LEASE_MS = 2_000
const START_LIMIT_MS = 30_000
const STOP_LIMIT_MS = 15_000
const POLL_MS = 20
const STATES_AT_ONCE = 1_000
/** How a Go worker names its runs. */
const GO_RUN = '"go-'

/** Runs a mixed fleet once on an empty Redis. Leaves no process and no file behind. */
export async function runFleet(options: FleetOptions, redisUrl: string): Promise<FleetReport> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-fleet-'))
  const log = join(folder, 'run.log')
  const url = `${redisUrl}?interop=go&leaseMs=${LEASE_MS}`
  const store = await redisStore({ url: redisUrl, interop: 'go' })
  const go = await startGoProgram({ broker: redisUrl, backend: redisUrl, runLog: log })
  try {
    const settings = { urls: { broker: url, resultBackend: url }, queue: QUEUE, log, seed: options.seed }
    return await new FleetRun(options, settings, { store, go, folder }).run()
  } finally {
    await go.stop()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Place {
  readonly store: RedisStore
  readonly go: GoProgram
  readonly folder: string
}

class FleetRun {
  readonly #options: FleetOptions
  readonly #settings: ProcessSettings
  readonly #place: Place
  readonly #startedAt = systemClock.monotonic()
  readonly #tally: OpenTally = openTally()
  readonly #faults: string[] = []

  constructor(options: FleetOptions, settings: ProcessSettings, place: Place) {
    this.#options = options
    this.#settings = settings
    this.#place = place
  }

  async run(): Promise<FleetReport> {
    const { tasks, kills, workers, seed } = this.#options
    const { go, folder } = this.#place
    const child: ChildOptions = { compileCache: join(folder, 'compiled'), onTrouble: () => {} }
    const reader = openLogReader(this.#settings.log)
    try {
      const crewOptions = faultOptions('', {
        tasks,
        kills,
        workers,
        seed,
        concurrency: CONCURRENCY,
        leaseMs: LEASE_MS,
      })
      await using crew = startCrew(crewOptions, this.#settings, child)
      const half = Math.floor(tasks / 2)
      const own: ProducerSettings = { ...this.#settings, tasks: tasks - half, rate: 0 }
      const producer = startChild('producer-process.ts', own, child)
      const fromGo = go.produce(half, {
        name: 'fault_work',
        queue: QUEUE,
        args: [{ type: 'int64', value: '0' }],
      })
      fromGo.catch((error: unknown) => this.#faults.push(`the producer in Go: ${String(error)}`))
      try {
        const hasBegun = (): boolean => {
          this.#tally.add(reader.read())
          return this.#tally.ends.size > 0 || crew.faults.length + this.#faults.length > 0
        }
        // Without this the Go worker may have run them all before the others have begun.
        await waitFor(hasBegun, {
          timeoutMs: START_LIMIT_MS,
          what: 'the workers in TypeScript',
        })
        await go.work({ queue: QUEUE, concurrency: CONCURRENCY })
        await this.#untilDone(crew, () => this.#tally.add(reader.read()))
        await crew.stop(STOP_LIMIT_MS)
      } finally {
        if (producer.isAlive) producer.end('SIGKILL')
      }
      const end = await producer.ended
      if (end !== 'code 0') this.#faults.push(`the producer ended with ${end} ${producer.lastWords}`.trim())
      this.#tally.add(reader.read())
      return await this.#report(crew)
    } finally {
      reader.close()
    }
  }

  /** Kills workers while tasks are sent and run, until all that were to be sent have ended. */
  async #untilDone(crew: Crew, look: () => void): Promise<void> {
    const { tasks, kills, workers, timeoutMs } = this.#options
    for (;;) {
      look()
      const { acknowledged, ends } = this.#tally
      const due = Math.min(kills, Math.floor((ends.size / tasks) * kills + 0.5))
      if (crew.kills < due) await crew.killOne()
      const isRun = acknowledged.size >= tasks && ends.size >= tasks && crew.kills >= kills
      if (isRun && crew.ready === workers && (await this.#isQueueEmpty())) return
      // What went wrong already will not get better.
      if (crew.faults.length + this.#faults.length > 0) return
      if (systemClock.monotonic() - this.#startedAt > timeoutMs) {
        const { pending, inFlight } = await this.#stats()
        this.#faults.push(
          `after ${timeoutMs} ms: ${acknowledged.size} sent, ${ends.size} run, ${crew.kills} kills, ` +
            `${crew.ready} workers, ${pending} pending, ${inFlight} in flight`,
        )
        return
      }
      await sleep(systemClock, POLL_MS)
    }
  }

  async #isQueueEmpty(): Promise<boolean> {
    const { pending, delayed, inFlight } = await this.#stats()
    return pending + delayed + inFlight === 0
  }

  async #stats() {
    const { inspector } = this.#place.store.broker
    if (inspector === undefined) throw new Error('the broker cannot be inspected')
    return inspector.stats(QUEUE)
  }

  async #report(crew: Crew): Promise<FleetReport> {
    const states = await this.#states()
    const tally: Tally = this.#tally
    const acknowledged = [...tally.acknowledged]
    const inState = (name: string): readonly string[] =>
      acknowledged.filter((uuid) => states.get(uuid)?.state === name)
    const succeeded = inState('SUCCESS')
    const failed = inState('FAILURE')
    const resultOf = (uuid: string): string => states.get(uuid)?.results[0]?.value ?? '""'
    const goRuns = succeeded.filter((uuid) => resultOf(uuid).startsWith(GO_RUN)).length
    const ended = new Set([...succeeded, ...failed])
    return {
      acknowledged: acknowledged.length,
      kills: crew.kills,
      lost: acknowledged.filter((uuid) => !ended.has(uuid)),
      failed,
      neverRun: acknowledged.filter((uuid) => !tally.starts.has(uuid)),
      wrongResults: succeeded.filter(
        (uuid) => tally.ends.get(uuid)?.has(JSON.parse(resultOf(uuid)) as string) !== true,
      ),
      repeated: [...tally.starts.values()].reduce((sum, starts) => sum + starts - 1, 0),
      results: { Go: goRuns, TypeScript: succeeded.length - goRuns },
      faults: [...this.#faults, ...crew.faults],
      seconds: (systemClock.monotonic() - this.#startedAt) / 1_000,
    }
  }

  async #states(): Promise<ReadonlyMap<string, TaskState>> {
    const uuids = [...this.#tally.acknowledged]
    const states = new Map<string, TaskState>()
    for (let start = 0; start < uuids.length; start += STATES_AT_ONCE) {
      const read = await this.#place.store.backend.tasks.get(uuids.slice(start, start + STATES_AT_ONCE))
      for (const state of read) if (state !== undefined) states.set(state.uuid, state)
    }
    return states
  }
}
