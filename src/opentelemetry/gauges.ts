import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api'
import { sleep, type Clock } from '../core/clock.ts'
import type { QueueFigures, WorkerSource } from '../core/telemetry.ts'
import { ATTRIBUTE, METRICS, type MetricDefinition } from './metric-definitions.ts'

/** Longest wait for a store that is asked for its queues: one that is down leaves a gap, and delays nothing. */
const ASK_MS = 2_000
const RESOLUTION_MS = 10
const MS_PER_SECOND = 1_000
const NS_PER_SECOND = 1e9

/** Observes queues, slots and the event loop whenever metrics are collected, while workers run. */
export class Gauges {
  readonly #clock: Clock
  readonly #workers = new Set<WorkerSource>()
  readonly #meter: Meter
  readonly #depth: Observable
  readonly #oldestAge: Observable
  readonly #slotsUsed: Observable
  readonly #slotsCapacity: Observable
  readonly #loopDelay: Observable
  /** Emptied with each collection, so that no delay between two of them is missed: the registry's looks at the last seconds only. */
  #loop: ReturnType<typeof monitorEventLoopDelay> | undefined

  constructor(meter: Meter, clock: Clock) {
    this.#clock = clock
    this.#meter = meter
    this.#depth = gauge(meter, METRICS.queueDepth)
    this.#oldestAge = gauge(meter, METRICS.queueOldestAge)
    this.#slotsUsed = gauge(meter, METRICS.slotsUsed)
    this.#slotsCapacity = gauge(meter, METRICS.slotsCapacity)
    this.#loopDelay = gauge(meter, METRICS.eventLoopDelay)
  }

  /** Observes a worker until the answer is called. */
  watch(source: WorkerSource): () => void {
    if (this.#workers.size === 0) this.#begin()
    this.#workers.add(source)
    return () => {
      if (this.#workers.delete(source) && this.#workers.size === 0) this.#end()
    }
  }

  get #all(): Observable[] {
    return [this.#depth, this.#oldestAge, this.#slotsUsed, this.#slotsCapacity, this.#loopDelay]
  }

  #begin(): void {
    this.#loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#loop.enable()
    this.#meter.addBatchObservableCallback(this.#observe, this.#all)
  }

  #end(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, this.#all)
    this.#loop?.disable()
    this.#loop = undefined
  }

  readonly #observe = async (result: BatchObservableResult): Promise<void> => {
    for (const worker of this.#workers) {
      const { used, capacity } = worker.slots()
      const attributes = { [ATTRIBUTE.worker]: worker.name }
      result.observe(this.#slotsUsed, used, attributes)
      result.observe(this.#slotsCapacity, capacity, attributes)
    }
    this.#observeLoop(result)
    for (const figures of await this.#queues()) this.#observeQueue(result, figures)
  }

  #observeQueue(result: BatchObservableResult, figures: QueueFigures): void {
    const queue = { [ATTRIBUTE.queue]: figures.queue }
    const depth = {
      pending: figures.pending,
      delayed: figures.delayed,
      in_flight: figures.inFlight,
      dead: figures.dead,
    }
    for (const [state, count] of Object.entries(depth))
      result.observe(this.#depth, count, { ...queue, [ATTRIBUTE.messageState]: state })
    if (figures.oldestAgeMs !== undefined || figures.pending === 0)
      result.observe(this.#oldestAge, (figures.oldestAgeMs ?? 0) / MS_PER_SECOND, queue)
  }

  #observeLoop(result: BatchObservableResult): void {
    const loop = this.#loop
    if (loop === undefined || loop.count === 0) return
    // The histogram counts whole intervals; what is beyond one is the delay.
    const seconds = (ns: number): number => Math.max(0, ns / NS_PER_SECOND - RESOLUTION_MS / MS_PER_SECOND)
    const statistics = { mean: loop.mean, p99: loop.percentile(99), max: loop.max }
    for (const [statistic, ns] of Object.entries(statistics))
      result.observe(this.#loopDelay, seconds(ns), { [ATTRIBUTE.statistic]: statistic })
    loop.reset()
  }

  /** Each queue once, however many workers of this process consume it; those of a store that does not answer are left out. */
  async #queues(): Promise<Iterable<QueueFigures>> {
    const enough = new AbortController()
    const late = sleep(this.#clock, ASK_MS, enough.signal).then(
      () => [],
      () => [],
    )
    const asked = [...this.#workers].map((worker) => Promise.race([worker.queues().catch(() => []), late]))
    const answers = await Promise.all(asked)
    enough.abort()
    return new Map(answers.flat().map((figures) => [figures.queue, figures])).values()
  }
}

function gauge(meter: Meter, { name, unit, description }: MetricDefinition): Observable {
  return meter.createObservableGauge(name, { unit, description })
}
