import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { sleep, systemClock } from '../../src/core/clock.ts'
import { isMachineryError } from '../../src/core/errors.ts'
import type { DeadLetter, QueueStats } from '../../src/core/ports/inspector.ts'
import { isTerminal, type TaskState } from '../../src/core/task-state.ts'
import { checkEvidence, terminalMark, type Finding } from './check-evidence.ts'
import { startChild } from './child.ts'
import { startCrew, type Crew } from './crew.ts'
import { DISTURBANCES } from './disturbance.ts'
import { startDisturber, type Disturber } from './disturber.ts'
import type { FaultOptions } from './fault-options.ts'
import { loadTarget, type PreparedTarget } from './fault-target.ts'
import { KINDS_OF_POISON, publishPoison, type Poison } from './poison.ts'
import { probe } from './probe.ts'
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
/** What the harness's own connection meets while the store is disturbed. */
const UNREACHABLE = ['ERR_CONNECTION_LOST', 'ERR_CONNECT_FAILED', 'ERR_PUBLISH_UNCERTAIN'] as const

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
    const { leaseMs, freezeMs, seed } = options
    const prepared = await target.prepare({ folder, leaseMs, freezeMs, seed })
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
  readonly #disturber: Disturber
  readonly #tally: OpenTally = openTally()
  readonly #troubles = new Map<string, number>()
  readonly #witnessed = new Map<string, string>()
  readonly #poison: Poison[] = []
  readonly #faults: string[] = []
  #probes = 0

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
    this.#disturber = startDisturber(options, prepared.disturbances, () => this.#probe())
  }

  async run(): Promise<FaultReport> {
    const { tasks, rate, seed, workers } = this.#options
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
      const own: ProducerSettings = { ...settings, tasks, rate }
      const producer = startChild('producer-process.ts', own, child)
      try {
        await this.#disturb(crew, () => {
          this.#tally.add(reader.read())
          return !producer.isAlive
        })
        await this.#until('all workers to be ready', () => crew.ready === workers || crew.faults.length > 0)
        await this.#until('the dead workers to be forgotten', this.#areForgotten(crew, workers))
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

  /**
   * Whether the store knows the workers that live and no others, for the time of a lease: one that registers anew is not counted for
   * a moment, and would hide one that is dead.
   */
  #areForgotten(crew: Crew, workers: number): () => Promise<boolean> {
    const { consumers } = this.#prepared
    let since: number | undefined
    return async () => {
      if (consumers === undefined || crew.faults.length > 0) return true
      if ((await consumers(QUEUE)) !== workers) since = undefined
      else since ??= systemClock.monotonic()
      return since !== undefined && systemClock.monotonic() - since >= this.#options.leaseMs
    }
  }

  /** Kills workers and adds poison while tasks are sent and run, until the queue is empty. */
  async #disturb(crew: Crew, producerEnded: () => boolean): Promise<void> {
    const { tasks, kills, pauses } = this.#options
    await this.#until('the queue to be empty and the kills to be done', async () => {
      if (crew.isGone) return true
      const hasEnded = producerEnded()
      const done = this.#tally.ends.size
      const due = (all: number): number => Math.min(all, Math.floor((done / tasks) * all + 0.5))
      if (crew.pauses < due(pauses)) crew.pauseOne()
      if (crew.kills < due(kills) && (await crew.killOne())) await this.#witness()
      const round = this.#poison.length / KINDS_OF_POISON
      if (round < POISON_ROUNDS && done >= (tasks * round) / POISON_ROUNDS) await this.#addPoison(round)
      this.#disturber.look(done / tasks)
      this.#onProgress(this.#progressText(crew))
      if (!hasEnded || this.#disturber.isUnderWay) return false
      const isDisturbed = crew.kills >= kills && crew.pauses >= pauses && this.#disturber.isDone
      if (!isDisturbed && done < this.#tally.acknowledged.size) return false
      return this.#isQueueEmpty()
    })
  }

  async #isQueueEmpty(): Promise<boolean> {
    const { heldByWorkers } = this.#prepared
    const isEmpty = async (): Promise<boolean> => {
      const { pending, delayed, inFlight } = await this.#stats()
      return pending + delayed + inFlight === 0
    }
    if (!(await isEmpty())) return false
    if (heldByWorkers === undefined) return true
    // What a worker gave back between the two looks is there at the second.
    return (await heldByWorkers(QUEUE)) === 0 && isEmpty()
  }

  #progressText(crew: Crew): string {
    const { tasks, kills, disturbances } = this.#options
    const others = DISTURBANCES.filter(({ name }) => disturbances[name] > 0).map(
      ({ name }) => `, ${this.#disturber.happened[name]} of ${disturbances[name]} ${name}`,
    )
    const { acknowledged, ends } = this.#tally
    const done = `${acknowledged.size} sent, ${ends.size} of ${tasks} executed`
    return `${done}, ${crew.kills} of ${kills} kills${others.join('')}`
  }

  /** A task of the harness's own, which must end as all others. */
  async #probe(): Promise<void> {
    const uuid = `task_fault_probe_${this.#probes++}`
    this.#tally.add([
      { kind: 'attempted', uuid },
      { kind: 'acknowledged', uuid },
    ])
    await probe(this.#prepared, QUEUE, uuid)
  }

  async #addPoison(round: number): Promise<void> {
    const { broker } = this.#prepared
    this.#poison.push(...(await this.#reached(() => publishPoison(broker, QUEUE, round))))
  }

  /** What the store answers, asked again while it cannot be reached. */
  async #reached<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        const isOver = systemClock.monotonic() - this.#startedAt > this.#options.timeoutMs
        if (isOver || !UNREACHABLE.some((code) => isMachineryError(error, code))) throw error
        await sleep(systemClock, POLL_MS)
      }
    }
  }

  /** Looks at the states of the tasks that ended last: what is terminal now must stay as it is. */
  async #witness(): Promise<void> {
    const latest = [...this.#tally.ends.keys()].slice(-WITNESSED_AT_ONCE)
    const { tasks } = this.#prepared.backend
    for (const state of await this.#reached(() => tasks.get(latest))) {
      if (state === undefined || !isTerminal(state.state) || this.#witnessed.has(state.uuid)) continue
      this.#witnessed.set(state.uuid, terminalMark(state))
    }
  }

  async #judge(crew: Crew): Promise<FaultReport> {
    const { commits, leftovers } = this.#prepared
    const findings = checkEvidence({
      options: this.#options,
      tally: this.#tally,
      states: await this.#states(),
      witnessed: this.#witnessed,
      commits: await commits?.(),
      leftovers: (await leftovers?.()) ?? [],
      stats: await this.#stats(),
      dead: await this.#dead(),
      poison: this.#poison,
      kills: crew.kills,
      pauses: crew.pauses,
      disturbances: this.#prepared.disturbances,
      happened: this.#disturber.happened,
      resumptions: this.#disturber.resumptions,
      faults: [...this.#faults, ...crew.faults, ...this.#disturber.faults],
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
      const read = await this.#reached(() => this.#prepared.backend.tasks.get(some))
      some.forEach((uuid, index) => states.set(uuid, read[index]))
    }
    return states
  }

  async #stats(): Promise<QueueStats> {
    const { inspector } = this.#prepared.broker
    if (inspector === undefined) throw new Error(`the broker of ${this.#options.target} cannot be inspected`)
    return this.#reached(() => inspector.stats(QUEUE))
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
