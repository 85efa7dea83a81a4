import type { KeyRow, SectionPath, TopPath } from './config-key.ts'
import {
  flag,
  number,
  oneOf,
  portUrl,
  queueList,
  seconds,
  text,
  tlsOptions,
  wireForm,
  zeroOrFrom,
} from './value-kinds.ts'

const AMQP_URL = 'amqp://guest:guest@localhost:5672/'

/** The keys in no section. */
export const SERVER_KEYS: Readonly<Record<TopPath, KeyRow>> = {
  broker: {
    go: 'Broker',
    kind: portUrl('refuse'),
    means: 'URL of the broker; in code also a `Broker`',
    env: ['BROKER'],
    goDefault: AMQP_URL,
  },
  resultBackend: {
    go: 'ResultBackend',
    kind: portUrl('none'),
    means: 'URL of the result backend, empty or `null` for none; in code also a `Backend`',
    env: ['RESULT_BACKEND'],
    goDefault: AMQP_URL,
  },
  lock: {
    go: 'Lock',
    kind: portUrl('unset'),
    means: 'URL of the lock; empty: the lock of the broker, or one in memory where it has none',
    env: ['LOCK'],
  },
  multipleBrokerSeparator: {
    go: 'MultipleBrokerSeparator',
    kind: text('unset'),
    means: 'Splits `broker` into several URLs of RabbitMQ, tried in order',
    env: ['MULTIPLE_BROKEN_SEPARATOR', 'MULTIPLE_BROKER_SEPARATOR'],
  },
  defaultQueue: {
    go: 'DefaultQueue',
    kind: text('refuse'),
    means: 'Queue of messages without a routing key',
    env: ['DEFAULT_QUEUE'],
    goDefault: 'machinery_tasks',
  },
  resultsExpireInMs: {
    go: 'ResultsExpireIn',
    kind: seconds(),
    means: 'How long a state is kept after its last change',
    yaml: ['results_expire_in'],
    env: ['RESULTS_EXPIRE_IN'],
    goDefault: 3_600_000,
  },
  noSignals: {
    go: 'NoUnixSignals',
    kind: flag(),
    means: 'Do not handle SIGINT and SIGTERM',
    yaml: ['no_unix_signals'],
    env: ['NO_UNIX_SIGNALS'],
    goDefault: false,
  },
  tls: {
    go: 'TLSConfig',
    kind: tlsOptions(),
    means: 'TLS for every driver that has it; options of `tls.connect` in code',
    yaml: ['tlsconfig'],
    env: [],
  },
  wire: {
    kind: wireForm(),
    means: 'Which fields of a message are written: those that are set, all, or exactly those of Go',
  },
  logLevel: {
    kind: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    means: 'Lowest level that is logged',
    isLive: true,
  },
  workerName: { kind: text('refuse'), means: 'Names the worker in logs and inspection' },
  concurrency: {
    kind: number(0),
    means: 'Handlers that run at once; 0 means twice the CPUs',
    isLive: true,
  },
  queues: {
    kind: queueList(),
    means: 'Queues that the worker consumes: a name, names in strict order, or names with shares',
  },
  order: { kind: oneOf(['weighted', 'strict']), means: 'In which order several queues are asked' },
  maxDeliveries: {
    kind: number(1),
    means: 'Deliveries after which a message that keeps killing its worker becomes a dead letter',
  },
  unknownTask: {
    kind: oneOf(['retryLater', 'deadLetter', 'drop']),
    means: 'What becomes of a message whose task the worker does not know',
  },
  deadLetterFailures: {
    kind: flag(),
    means: 'Whether the message of a task that failed for good becomes a dead letter too',
  },
  graceMs: {
    kind: number(0, undefined, false),
    means: 'How long running handlers have after the first signal before their own is aborted',
  },
  heartbeatMs: {
    kind: zeroOrFrom(1_000),
    means:
      'ms between two signs of life in the registry; 0 keeps the worker out of it and of the reach of orders',
  },
}

const count = number(1, Number.MAX_SAFE_INTEGER)

/** Limits on messages. */
export const LIMIT_KEYS: Readonly<Record<SectionPath<'limits'>, KeyRow>> = {
  'limits.maxBytes': { kind: count, means: 'Bytes of one message', isLive: true },
  'limits.maxDepth': { kind: count, means: 'Nesting of objects and arrays', isLive: true },
  'limits.maxSignatureDepth': { kind: number(1, 1_000), means: 'Nesting of signatures', isLive: true },
  'limits.maxSignatures': { kind: count, means: 'Signatures nested in one message', isLive: true },
  'limits.maxArgs': { kind: count, means: 'Arguments of one signature', isLive: true },
  'limits.maxHeaders': { kind: count, means: 'Headers of one signature', isLive: true },
  'limits.maxNumberLength': { kind: count, means: 'Characters of one number', isLive: true },
}
