import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api'
import type { RunEndFacts, TaskDelivery } from '../core/telemetry.ts'
import { BoundedNames, OTHER } from './bounded-names.ts'
import { ATTRIBUTE, DURATION_BUCKETS, METRICS, type MetricDefinition } from './metric-definitions.ts'

const MS_PER_SECOND = 1_000

/** Counts and times what the product does. */
export class Instruments {
  readonly #names: BoundedNames
  readonly #queues: BoundedNames
  /** Attributes of a task in a queue, made once: at most as many as names of both. */
  readonly #attributes = new Map<string, Attributes>()
  readonly #sent: Counter
  readonly #started: Counter
  readonly #finished: Counter
  readonly #retried: Counter
  readonly #redelivered: Counter
  readonly #leasesLost: Counter
  readonly #deadLettered: Counter
  readonly #wait: Histogram
  readonly #run: Histogram
  readonly #ingestionToSuccess: Histogram

  constructor(meter: Meter, mostNames: number) {
    this.#names = new BoundedNames(mostNames)
    this.#queues = new BoundedNames(mostNames)
    this.#sent = counter(meter, METRICS.sent)
    this.#started = counter(meter, METRICS.started)
    this.#finished = counter(meter, METRICS.finished)
    this.#retried = counter(meter, METRICS.retried)
    this.#redelivered = counter(meter, METRICS.redelivered)
    this.#leasesLost = counter(meter, METRICS.leasesLost)
    this.#deadLettered = counter(meter, METRICS.deadLettered)
    this.#wait = histogram(meter, METRICS.wait)
    this.#run = histogram(meter, METRICS.run)
    this.#ingestionToSuccess = histogram(meter, METRICS.ingestionToSuccess)
  }

  sent(taskName: string, queue: string): void {
    this.#sent.add(1, this.#of(taskName, queue))
  }

  received(deliveries: readonly TaskDelivery[]): void {
    for (const one of deliveries)
      if (one.delivery.deliveryCount > 0) this.#redelivered.add(1, this.#ofDelivery(one))
  }

  started(delivery: TaskDelivery, waitedMs: number | undefined): void {
    const attributes = this.#ofDelivery(delivery)
    this.#started.add(1, attributes)
    if (waitedMs !== undefined) this.#wait.record(waitedMs / MS_PER_SECOND, attributes)
  }

  finished(delivery: TaskDelivery, { outcome, ranMs, sinceIngestionMs }: RunEndFacts): void {
    const attributes = this.#ofDelivery(delivery)
    const withOutcome = { ...attributes, [ATTRIBUTE.outcome]: outcome }
    this.#finished.add(1, withOutcome)
    this.#run.record(ranMs / MS_PER_SECOND, withOutcome)
    if (outcome === 'retry') this.#retried.add(1, attributes)
    if (outcome === 'success' && sinceIngestionMs !== undefined)
      this.#ingestionToSuccess.record(sinceIngestionMs / MS_PER_SECOND, attributes)
  }

  leaseLost(delivery: TaskDelivery): void {
    this.#leasesLost.add(1, this.#ofDelivery(delivery))
  }

  deadLettered(delivery: TaskDelivery): void {
    this.#deadLettered.add(1, this.#ofDelivery(delivery))
  }

  /** A name that nobody here has registered may be anything: it never gets a series. */
  #ofDelivery({ message, delivery, task }: TaskDelivery): Attributes {
    return this.#of(task === undefined ? '' : message.name, delivery.queue)
  }

  #of(taskName: string, queue: string): Attributes {
    const task = taskName === '' ? OTHER : this.#names.bounded(taskName)
    const destination = this.#queues.bounded(queue)
    const key = `${destination}\n${task}`
    let attributes = this.#attributes.get(key)
    if (attributes === undefined) {
      attributes = { [ATTRIBUTE.task]: task, [ATTRIBUTE.queue]: destination }
      this.#attributes.set(key, attributes)
    }
    return attributes
  }
}

function counter(meter: Meter, { name, unit, description }: MetricDefinition): Counter {
  return meter.createCounter(name, { unit, description })
}

function histogram(meter: Meter, { name, unit, description }: MetricDefinition): Histogram {
  const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] }
  return meter.createHistogram(name, { unit, description, advice })
}
