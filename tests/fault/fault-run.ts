import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { sleep, systemClock } from '../../src/core/clock.ts'
import type { DeadLetter, QueueStats } from '../../src/core/ports/inspector.ts'
import { isTerminal, type TaskState } from '../../src/core/task-state.ts'
import { checkEvidence, terminalMark, type Finding } from './check-evidence.ts'
import { startChild } from './child.ts'
import { startCrew, type Crew } from './crew.ts'
import type { FaultOptions } from './fault-options.ts'
import { loadTarget, type PreparedTarget } from './fault-target.ts'
import { KINDS_OF_POISON, publishPoison, type Poison } from './poison.ts'
import type { ProcessSettings } from './process-settings.ts'
import type { ProducerSettings } from './producer-process.ts'
import { openLogReader } from './run-log.ts'
import { openTally, type OpenTally } from './tally.ts'

const QUEUE = 'fault_tasks'
const POLL_MS = 5
const STOP_LIMIT_MS = 15_000
const POISON_ROUNDS = 3
const STATES_AT_ONCE = 1_000
/** How many of the latest tasks are looked at after a kill. */
const WITNESSED_AT_ONCE = 300

/** What a run came to. */
export interface FaultReport {
  readonly findings: readonly Finding[]
  /** What was tried again, and how often. */
  readonly troubles: ReadonlyMap<string, number>
  readonly seconds: number
}

/** Runs the harness once and judges it. Leaves no process and no file behind. */
export async function runFault(
  options: FaultOptions,
  onProgress: (text: string) => void = () => {},
): Promise<FaultReport> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-fault-'))
  try {
    const target = await loadTarget(options.target)
    const prepared = await target.prepare({ folder, leaseMs: options.leaseMs })
    try {
      return await new FaultRun(options, prepared, folder, onProgress).run()
    } finally {
      await prepared.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

class FaultRun {
  readonly #options: FaultOptions
  readonly #prepared: PreparedTarget
  readonly #folder: string
  readonly #onProgress: (text: string) => void
  readonly #startedAt = systemClock.monotonic()
  readonly #tally: OpenTally = openTally()
  readonly #troubles = new Map<string, number>()
  readonly #witnessed = new Map<string, string>()
  readonly #poison: Poison[] = []
  readonly #faults: string[] = []

  constructor(
    options: FaultOptions,
    prepared: PreparedTarget,
    folder: string,
    onProgress: (text: string) => void,
  ) {
    this.#options = options
    this.#prepared = prepared
    this.#folder = folder
    this.#onProgress = onProgress
  }

  async run(): Promise<FaultReport> {
    const { tasks, seed, workers } = this.#options
    const log = join(this.#folder, 'run.log')
    const settings: ProcessSettings = { urls: this.#prepared.urls, queue: QUEUE, log, seed }
    const child = {
      compileCache: join(this.#folder, 'compiled'),
      onTrouble: (text: string) => void this.#troubles.set(text, (this.#troubles.get(text) ?? 0) + 1),
    }
    const reader = openLogReader(log)
    try {
      await this.#addPoison(0)
      await using crew = startCrew(this.#options, settings, child)
      const own: ProducerSettings = { ...settings, tasks }
      const producer = startChild('producer-process.ts', own, child)
      try {
        await this.#disturb(crew, () => {
          this.#tally.add(reader.read())
          return !producer.isAlive
        })
        await this.#until('all workers to be ready', () => crew.ready === workers || crew.faults.length > 0)
        await crew.stop(STOP_LIMIT_MS)
      } finally {
        if (producer.isAlive) producer.end('SIGKILL')
      }
      const producerEnd = await producer.ended
      if (producerEnd !== 'code 0')
        this.#faults.push(`the producer ended with ${producerEnd} ${producer.lastWords}`.trim())
      this.#tally.add(reader.read())
      return await this.#judge(crew)
    } finally {
      reader.close()
    }
  }

  /** Kills workers and adds poison while tasks are sent and run, until the queue is empty. */
  async #disturb(crew: Crew, producerEnded: () => boolean): Promise<void> {
    const { tasks, kills, pauses } = this.#options
    await this.#until('the queue to be empty and the kills to be done', async () => {
      const hasEnded = producerEnded()
      const done = this.#tally.ends.size
      const due = (all: number): number => Math.min(all, Math.floor((done / tasks) * all + 0.5))
      if (crew.pauses < due(pauses)) crew.pauseOne()
      if (crew.kills < due(kills) && crew.killOne()) await this.#witness()
      const round = this.#poison.length / KINDS_OF_POISON
      if (round < POISON_ROUNDS && done >= (tasks * round) / POISON_ROUNDS) await this.#addPoison(round)
      this.#onProgress(
        `${this.#tally.acknowledged.size} sent, ${done} of ${tasks} executed, ${crew.kills} of ${kills} kills`,
      )
      if (!hasEnded) return false
      if (crew.kills < kills && done < this.#tally.acknowledged.size) return false
      const { pending, delayed, inFlight } = await this.#stats()
      return pending + delayed + inFlight === 0
    })
  }

  async #addPoison(round: number): Promise<void> {
    this.#poison.push(...(await publishPoison(this.#prepared.broker, QUEUE, round)))
  }

  /** Looks at the states of the tasks that ended last: what is terminal now must stay as it is. */
  async #witness(): Promise<void> {
    const latest = [...this.#tally.ends.keys()].slice(-WITNESSED_AT_ONCE)
    for (const state of await this.#prepared.backend.tasks.get(latest)) {
      if (state === undefined || !isTerminal(state.state) || this.#witnessed.has(state.uuid)) continue
      this.#witnessed.set(state.uuid, terminalMark(state))
    }
  }

  async #judge(crew: Crew): Promise<FaultReport> {
    const { commits } = this.#prepared
    const findings = checkEvidence({
      options: this.#options,
      tally: this.#tally,
      states: await this.#states(),
      witnessed: this.#witnessed,
      commits: commits?.(),
      stats: await this.#stats(),
      dead: await this.#dead(),
      poison: this.#poison,
      kills: crew.kills,
      pauses: crew.pauses,
      faults: [...this.#faults, ...crew.faults],
    })
    return {
      findings,
      troubles: this.#troubles,
      seconds: (systemClock.monotonic() - this.#startedAt) / 1_000,
    }
  }

  async #states(): Promise<ReadonlyMap<string, TaskState | undefined>> {
    const uuids = [...this.#tally.acknowledged]
    const states = new Map<string, TaskState | undefined>()
    for (let start = 0; start < uuids.length; start += STATES_AT_ONCE) {
      const some = uuids.slice(start, start + STATES_AT_ONCE)
      const read = await this.#prepared.backend.tasks.get(some)
      some.forEach((uuid, index) => states.set(uuid, read[index]))
    }
    return states
  }

  async #stats(): Promise<QueueStats> {
    const { inspector } = this.#prepared.broker
    if (inspector === undefined) throw new Error(`the broker of ${this.#options.target} cannot be inspected`)
    return inspector.stats(QUEUE)
  }

  async #dead(): Promise<readonly DeadLetter[]> {
    return (await this.#prepared.broker.inspector?.dead(QUEUE, { offset: 0, limit: 1_000 })) ?? []
  }

  /** Waits, within the time of the run; what does not come is a fault. */
  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) {
      if (systemClock.monotonic() - this.#startedAt > this.#options.timeoutMs) {
        this.#faults.push(`after ${this.#options.timeoutMs} ms still waiting for ${what}`)
        return
      }
      await sleep(systemClock, POLL_MS)
    }
  }
}
