/** A task that a worker runs. */
export interface RunningTask {
  readonly uuid: string
  readonly name: string
  readonly queue: string
  /** Epoch ms at which its handler began, by the clock of the worker. */
  readonly startedAt: number
}

/** What a worker tells of itself, at its last sign of life. */
export interface WorkerStatus {
  /** Names this run of the worker; a restarted one has another. */
  readonly id: string
  readonly name: string
  readonly host: string
  readonly pid: number
  /** Of the package; empty when it is not known. */
  readonly version: string
  /** Epoch ms, by the clock of the worker. */
  readonly startedAt: number
  /** Epoch ms of this sign of life, by the clock of the worker. */
  readonly seenAt: number
  /** ms between two signs of life; three are missed before the worker is forgotten. */
  readonly heartbeatMs: number
  /** Weights of its queues by name. */
  readonly queues: Readonly<Record<string, number>>
  /** Names of the tasks that it knows. */
  readonly tasks: readonly string[]
  readonly concurrency: number
  /** Handlers that run. */
  readonly running: number
  /** At most 100 of them, the longest first. */
  readonly runningTasks: readonly RunningTask[]
  /** Its queues that are paused. */
  readonly pausedQueues: readonly string[]
  /** Tasks that it does not run for now. */
  readonly pausedTasks: readonly string[]
  /** Whether it claims nothing because it was told so. */
  readonly isQuiet: boolean
  /** Whether it shuts down. */
  readonly isClosing: boolean
  /** 99th percentile of the last seconds, in ms; undefined when it is not measured. */
  readonly eventLoopDelayMs: number | undefined
}

/** A status as it is stored, with what only the protocol needs. */
export interface StoredStatus extends WorkerStatus {
  /** The nonce of the last ping that was seen; empty before the first. */
  readonly pong: string
}

/** The stored form of a status. */
export function encodeStatus(status: StoredStatus): string {
  return JSON.stringify(status)
}

/**
 * The status of a stored text; undefined for one that is none. A later version may have written it: fields that are not known stay,
 * those that are missing are empty.
 */
export function decodeStatus(text: string): StoredStatus | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('id' in parsed)) return undefined
    return { ...EMPTY_STATUS, ...parsed } as StoredStatus
  } catch {
    return undefined
  }
}

const EMPTY_STATUS: StoredStatus = {
  id: '',
  name: '',
  host: '',
  pid: 0,
  version: '',
  startedAt: 0,
  seenAt: 0,
  heartbeatMs: 0,
  queues: {},
  tasks: [],
  concurrency: 0,
  running: 0,
  runningTasks: [],
  pausedQueues: [],
  pausedTasks: [],
  isQuiet: false,
  isClosing: false,
  eventLoopDelayMs: undefined,
  pong: '',
}
