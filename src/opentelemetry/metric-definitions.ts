/** One metric that the product exports. */
export interface MetricDefinition {
  /** Its name in OpenTelemetry. */
  readonly name: string
  readonly kind: 'counter' | 'histogram' | 'gauge'
  /** UCUM; durations are in seconds. */
  readonly unit: 's' | '{task}' | '{lease}' | '{message}' | '{slot}'
  /** One sentence. */
  readonly description: string
  /** Its attributes. */
  readonly attributes: readonly string[]
}

/** Attributes of metrics. All are bounded: names of tasks and queues beyond the limit become `other`. */
export const ATTRIBUTE = {
  task: 'machinery.task.name',
  queue: 'messaging.destination.name',
  outcome: 'machinery.outcome',
  messageState: 'machinery.message.state',
  worker: 'machinery.worker.name',
  statistic: 'machinery.statistic',
} as const

const OF_TASK = [ATTRIBUTE.task, ATTRIBUTE.queue] as const
const OF_RUN = [...OF_TASK, ATTRIBUTE.outcome] as const

/** The metrics by their names in the code. */
export type MetricKey =
  | 'sent'
  | 'started'
  | 'finished'
  | 'retried'
  | 'redelivered'
  | 'leasesLost'
  | 'deadLettered'
  | 'wait'
  | 'run'
  | 'ingestionToSuccess'
  | 'queueDepth'
  | 'queueOldestAge'
  | 'slotsUsed'
  | 'slotsCapacity'
  | 'eventLoopDelay'

/** Every metric that the product exports, and nothing else. */
export const METRICS: Readonly<Record<MetricKey, MetricDefinition>> = {
  sent: {
    name: 'machinery.tasks.sent',
    kind: 'counter',
    unit: '{task}',
    description: 'Messages published for the first time: by a send, a hand-off or a schedule.',
    attributes: OF_TASK,
  },
  started: {
    name: 'machinery.tasks.started',
    kind: 'counter',
    unit: '{task}',
    description: 'Runs of handlers that began.',
    attributes: OF_TASK,
  },
  finished: {
    name: 'machinery.tasks.finished',
    kind: 'counter',
    unit: '{task}',
    description: 'Runs of handlers that ended, by outcome.',
    attributes: OF_RUN,
  },
  retried: {
    name: 'machinery.tasks.retried',
    kind: 'counter',
    unit: '{task}',
    description: 'Runs after which the task runs again.',
    attributes: OF_TASK,
  },
  redelivered: {
    name: 'machinery.tasks.redelivered',
    kind: 'counter',
    unit: '{task}',
    description: 'Messages received that had been handed out before, and counted.',
    attributes: OF_TASK,
  },
  leasesLost: {
    name: 'machinery.leases.lost',
    kind: 'counter',
    unit: '{lease}',
    description: 'Deliveries that stopped being ours before they were settled.',
    attributes: OF_TASK,
  },
  deadLettered: {
    name: 'machinery.tasks.dead_lettered',
    kind: 'counter',
    unit: '{task}',
    description: 'Messages moved to the dead letters.',
    attributes: OF_TASK,
  },
  wait: {
    name: 'machinery.task.wait.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From the moment at which a task was published or due to the start of its handler.',
    attributes: OF_TASK,
  },
  run: {
    name: 'machinery.task.run.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From the start of a handler to its end.',
    attributes: OF_RUN,
  },
  ingestionToSuccess: {
    name: 'machinery.task.ingestion_to_success.duration',
    kind: 'histogram',
    unit: 's',
    description:
      'From the moment at which a task was first stored to its success, delays and retries included.',
    attributes: OF_TASK,
  },
  queueDepth: {
    name: 'machinery.queue.depth',
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages of a queue: pending, delayed, in_flight or dead.',
    attributes: [ATTRIBUTE.queue, ATTRIBUTE.messageState],
  },
  queueOldestAge: {
    name: 'machinery.queue.oldest_age',
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest pending message of a queue; 0 when none is pending.',
    attributes: [ATTRIBUTE.queue],
  },
  slotsUsed: {
    name: 'machinery.worker.slots.used',
    kind: 'gauge',
    unit: '{slot}',
    description: 'Handlers that run.',
    attributes: [ATTRIBUTE.worker],
  },
  slotsCapacity: {
    name: 'machinery.worker.slots.capacity',
    kind: 'gauge',
    unit: '{slot}',
    description: 'Handlers that may run at once.',
    attributes: [ATTRIBUTE.worker],
  },
  eventLoopDelay: {
    name: 'machinery.event_loop.delay',
    kind: 'gauge',
    unit: 's',
    description: 'How late the event loop was since the last look: mean, p99 or max.',
    attributes: [ATTRIBUTE.statistic],
  },
}

/** Upper bounds of the histograms' buckets in seconds. */
export const DURATION_BUCKETS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200,
]

/** The name of a metric in Prometheus, whose names end in their unit and, of counters, in `_total`. */
export function prometheusName({ name, kind, unit }: MetricDefinition): string {
  return `${name.replaceAll('.', '_')}${unit === 's' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`
}
