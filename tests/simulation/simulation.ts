import type { IdSource } from '../../src/core/id.ts'
import { sleep } from '../../src/core/clock.ts'
import { isMachineryError } from '../../src/core/errors.ts'
import type { Consumer } from '../../src/core/ports/broker.ts'
import { memoryStore, type MemoryStore } from '../../src/drivers/memory/index.ts'
import { createProducer } from '../../src/server/server.ts'
import { memoryFaults, type MemoryFaults } from '../../src/testing/index.ts'
import { startWorker, type Worker } from '../../src/worker/worker.ts'
import { EventQueue } from './event-queue.ts'
import type { FaultPlan, PlannedFault } from './fault-plan.ts'
import { Journal, signaturesFor } from './journal.ts'
import { Network, type CallFate } from './network.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { simulatedPorts, type PublishFate, type StorePorts } from './simulated-ports.ts'
import { buildTree, tasksOf, type TreeSpec } from './tree.ts'
import { Witness } from './witness.ts'
import { witnessedPorts } from './witnessed-ports.ts'

const QUEUE = 'machinery_tasks'
const LONGEST_SKEW_MS = 2_000
/** Longest time in which a broker notices that a consumer is gone. */
const LONGEST_LEASE_MS = 5_000
/** Longest time until an uncertain send is repeated. */
const LONGEST_RESEND_MS = 3_000
/** A run in which nothing has ended after this is stuck: parked deliveries look again for minutes, retries wait for seconds. */
const LIMIT_MS = 3_600_000
const LIMIT_EVENTS = 50_000
/** What is repeated late must be harmless: a run goes on for this long after everything has ended. */
const AFTERGLOW_MS = 30_000

/** What a mutant may use. */
export interface MutationContext {
  readonly process: SimulatedProcess
  readonly clockMs: () => number
  /** One for all processes of a run. */
  readonly shared: Map<string, unknown>
}

/** Changes what the stores of one process do: a mutant of the protocol, put in from outside. */
export interface Mutation {
  /** `above` the witness: the process does something else. `below`: the store does, and the witness sees what was asked of it. */
  readonly place: 'above' | 'below'
  readonly mutate: (stores: StorePorts, context: MutationContext) => StorePorts
}

/** What happened in a run. */
export interface Counts {
  events: number
  crashes: number
  leaseLosses: number
  duplicates: number
  pauses: number
  closes: number
  callFaults: number
}

/** What a simulation is made of. */
export interface SimulationOptions {
  readonly random: () => number
  readonly tree: TreeSpec
  readonly plan: FaultPlan
  readonly mutation: Mutation | undefined
}

/** One workflow, sent by one process and run by several, over stores behind a network, in virtual time, with faults. */
export class Simulation {
  readonly journal: Journal
  readonly witness: Witness
  readonly counts: Counts = {
    events: 0,
    crashes: 0,
    leaseLosses: 0,
    duplicates: 0,
    pauses: 0,
    closes: 0,
    callFaults: 0,
  }
  readonly #random: () => number
  readonly #tree: TreeSpec
  readonly #plan: FaultPlan
  readonly #mutation: Mutation | undefined
  readonly #queue: EventQueue
  readonly #network: Network
  readonly #messages: MemoryStore
  readonly #results: MemoryStore
  readonly #faults: MemoryFaults
  readonly #workers = new Map<SimulatedProcess, Worker | undefined>()
  readonly #shared = new Map<string, unknown>()
  readonly #client: SimulatedProcess
  readonly #ids: IdSource
  #lastCaller: SimulatedProcess | undefined
  #processes = 0
  #isSent = false
  #nextFault = 0
  /** Late copies of messages that are to be published. */
  #latePublishes = 0

  constructor({ random, tree, plan, mutation }: SimulationOptions) {
    this.#random = random
    this.#tree = tree
    this.#plan = plan
    this.#mutation = mutation
    this.#queue = new EventQueue(random)
    this.#network = new Network({
      queue: this.#queue,
      random,
      fateOf: (process) => this.#fateOf(process),
      stragglers: plan.stragglers,
      splits: plan.splits,
    })
    const { clock } = new SimulatedProcess('store', this.#queue, random, 0)
    this.#messages = memoryStore({ clock })
    this.#results = plan.path === 'one store' ? this.#messages : memoryStore({ clock })
    this.#faults = memoryFaults(this.#messages)
    this.witness = new Witness(this.#results.backend)
    this.journal = new Journal(tree, random)
    this.#client = new SimulatedProcess('client', this.#queue, random, 0)
    let ids = 0
    this.#ids = { uuid: () => String(++ids) }
  }

  /** Virtual ms. */
  get now(): number {
    return this.#queue.now
  }

  /** Runs it to its end, or until it is stuck, which the witness is told. */
  async run(): Promise<void> {
    void this.#send()
    for (const _ of this.#plan.workers) this.#spawn(this.#random() * 20)
    let quietSince: number | undefined
    while (await this.#queue.step()) {
      this.counts.events = this.#queue.fired
      this.#inflictFaults()
      if (this.#queue.now > LIMIT_MS || this.#queue.fired > LIMIT_EVENTS) break
      if (!(await this.#isQuiet())) quietSince = undefined
      else if ((quietSince ??= this.#queue.now) + AFTERGLOW_MS < this.#queue.now) return
    }
    if (quietSince === undefined) this.#reportStuck()
  }

  /** Messages that were given up. */
  async deadLetters(): Promise<number> {
    return (await this.#messages.broker.inspector?.stats(QUEUE))?.dead ?? 0
  }

  /** @param uuids of tasks */
  async states(uuids: readonly string[]) {
    const states = await this.#results.backend.tasks.get(uuids)
    return new Map(uuids.map((uuid, index) => [uuid, states[index]]))
  }

  #reportStuck(): void {
    const { ended } = this.witness
    const open = tasksOf(this.#tree).flatMap(({ label }) => (ended.has(label) ? [] : [label]))
    if (open.length > 0)
      this.witness.report('stuck', `${open.join(', ')} after ${Math.round(this.#queue.now)} ms`)
    else this.witness.report('message left over', `after ${Math.round(this.#queue.now)} ms`)
  }

  async #isQuiet(): Promise<boolean> {
    const { ended } = this.witness
    if (!this.#isSent || this.#network.underWay > 0 || this.#latePublishes > 0) return false
    if (!tasksOf(this.#tree).every(({ label }) => ended.has(label))) return false
    const stats = await this.#messages.broker.inspector?.stats(QUEUE)
    return stats !== undefined && stats.pending + stats.delayed + stats.inFlight === 0
  }

  /** Whoever sends repeats an uncertain send, at once or later, until it is certain. */
  async #send(): Promise<void> {
    const { process, ports } = this.#open(this.#client)
    const { clock } = process
    const tasks = this.journal.tasksFor(process)
    const work = buildTree(this.#tree, signaturesFor(tasks)) as unknown
    const { server } = createProducer(ports, { clock, ids: this.#ids, tasks })
    while (!this.#isSent) {
      try {
        await (server.send as (sent: unknown) => Promise<unknown>)(work)
        this.#isSent = true
      } catch (error) {
        if (!isMachineryError(error, 'ERR_PUBLISH_UNCERTAIN')) throw error
        await sleep(clock, this.#random() * (this.#random() < 0.5 ? 5 : LONGEST_RESEND_MS))
      }
    }
  }

  #spawn(inMs: number): void {
    this.#queue.schedule(() => {
      const skewMs = (this.#random() - 0.5) * LONGEST_SKEW_MS
      const process = new SimulatedProcess(`p${++this.#processes}`, this.#queue, this.#random, skewMs)
      void this.#work(process)
    }, inMs)
  }

  async #work(process: SimulatedProcess): Promise<void> {
    const { ports } = this.#open(process)
    this.#workers.set(process, undefined)
    const { runtime } = createProducer(ports, {
      clock: process.clock,
      ids: this.#ids,
      tasks: this.journal.tasksFor(process),
    })
    const shape = this.#plan.workers[this.#processes % this.#plan.workers.length]
    try {
      const { maxDeliveries } = this.#plan
      const worker = await startWorker(runtime, {
        ...shape,
        name: process.name,
        maxDeliveries,
        noSignals: true,
      })
      this.#workers.set(process, worker)
    } catch {
      this.#end(process)
    }
  }

  #open(process: SimulatedProcess) {
    const { broker, backend: own } = this.#messages.open()
    const backend = this.#plan.path === 'one store' ? own : this.#results.open().backend
    const real: StorePorts = { broker, backend, sameStore: broker.sameStore?.(backend) }
    const context = { process, clockMs: () => this.#queue.now, shared: this.#shared }
    const mutated = (place: Mutation['place'], ports: StorePorts): StorePorts =>
      this.#mutation?.place === place ? this.#mutation.mutate(ports, context) : ports
    const stores = mutated('above', witnessedPorts(mutated('below', real), this.witness))
    const simulated = simulatedPorts({
      process,
      network: this.#network,
      stores,
      publishFate: () => this.#publishFate(process),
      onConsumer: (consumer) => this.#consumerOpened(process, consumer),
      onStranded: (ids) => this.#endLeases(() => this.#faults.loseLease(ids)),
      tellLost: (tell) => {
        if (this.#random() < 0.7) this.#queue.schedule(tell, this.#network.latencyMs(), process)
      },
    })
    const ports = { ...simulated, lock: this.#messages.lock, close: async () => {} }
    return { process, ports }
  }

  #consumerOpened(process: SimulatedProcess, consumer: Consumer): void {
    process.consumers.add(consumer)
    if (!process.isAlive) this.#endLeases(() => this.#faults.crash(consumer))
  }

  #endLeases(end: () => void): void {
    const kind = this.#random()
    this.#queue.schedule(end, kind < 0.3 ? 0 : this.#random() * (kind < 0.6 ? 100 : LONGEST_LEASE_MS))
  }

  #fateOf(process: SimulatedProcess): CallFate {
    if (process === this.#client) return 'arrives'
    this.#lastCaller = process
    if (!this.#mayFail()) return 'arrives'
    return this.#random() < 0.5 ? 'requestLost' : 'replyLost'
  }

  #publishFate(process: SimulatedProcess): PublishFate {
    if (!this.#mayFail()) return 'stored'
    const kind = this.#random()
    if (kind < 0.4) return 'uncertainStored'
    return kind < 0.7 || process === this.#client ? 'uncertainDropped' : 'refused'
  }

  #mayFail(): boolean {
    const { share, most } = this.#plan.callFaults
    if (this.counts.callFaults >= most || this.#random() >= share) return false
    this.counts.callFaults += 1
    return true
  }

  #inflictFaults(): void {
    const { faults } = this.#plan
    for (;;) {
      const fault = faults[this.#nextFault]
      if (fault === undefined || fault.atEvent > this.#queue.fired) return
      this.#nextFault += 1
      this.#queue.schedule(() => this.#inflict(fault.kind), 0)
    }
  }

  #inflict(kind: PlannedFault['kind']): void {
    if (kind === 'duplicate') return this.#publishAgain()
    if (kind === 'loseLease') return this.#loseLease()
    const process = this.#victim()
    if (process === undefined) return
    if (kind === 'crash') {
      this.counts.crashes += 1
      this.#end(process)
    } else if (kind === 'pause') {
      this.counts.pauses += 1
      process.pauseUntil(this.#queue.now + this.#random() * 10_000)
    } else void this.#close(process)
  }

  /** Mostly whoever is in the middle of something. */
  #victim(): SimulatedProcess | undefined {
    const alive = [...this.#workers.keys()]
    const last = this.#lastCaller
    if (last !== undefined && alive.includes(last) && this.#random() < 0.7) return last
    return alive[Math.floor(this.#random() * alive.length)]
  }

  /** The process is dead at once; its broker notices later; another one starts in its place. */
  #end(process: SimulatedProcess): void {
    process.die()
    this.#workers.delete(process)
    for (const consumer of process.consumers) this.#endLeases(() => this.#faults.crash(consumer))
    this.#spawn(this.#random() * 3_000)
  }

  async #close(process: SimulatedProcess): Promise<void> {
    const worker = this.#workers.get(process)
    if (worker === undefined) return
    this.counts.closes += 1
    await worker.close({ graceMs: this.#random() * 3_000 })
    if (process.isAlive) this.#end(process)
  }

  #loseLease(): void {
    const held = this.#faults.held()
    const id = held[Math.floor(this.#random() * held.length)]
    if (id === undefined) return
    this.counts.leaseLosses += 1
    this.#faults.loseLease([id])
  }

  /** The same message once more, perhaps long after it was acknowledged, uncounted. */
  #publishAgain(): void {
    const { published } = this.witness
    const message = published[Math.floor(this.#random() * published.length)]
    if (message === undefined) return
    this.counts.duplicates += 1
    this.#latePublishes += 1
    this.#queue.schedule(
      () => {
        this.#latePublishes -= 1
        void this.#messages.broker.publish([{ ...message, delayMs: 0 }])
      },
      this.#random() * (this.#random() < 0.5 ? 50 : 5_000),
    )
  }
}
