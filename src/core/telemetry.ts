import type { LogFields } from './logger.ts'
import type { JsonText, Message } from './message.ts'
import type { Delivery } from './ports/broker.ts'
import type { QueueStats } from './ports/inspector.ts'

/**
 * How a run ended. `retry`: it runs again, that is no error. `rejected`: the handler's verdict, that is none either. `timeout`: it
 * passed its soft or hard limit. `cancelled`: it was asked to end. `released`: given back without an end.
 */
export type RunOutcome = 'success' | 'failure' | 'retry' | 'rejected' | 'timeout' | 'cancelled' | 'released'

/** What is sent by one call of `send`. */
export interface SendFacts {
  readonly kind: 'task' | 'chain' | 'group' | 'chord'
  /** Of a workflow empty: it has many. */
  readonly uuid: string
  /** Of a workflow empty. */
  readonly taskName: string
  /** Of a workflow the default queue. */
  readonly queue: string
}

/** One send that is under way. */
export interface SendTrace {
  /** Headers for every message of the send, embedded ones included: they name the context that the messages come from. */
  readonly headers: ReadonlyMap<string, JsonText>
  /** `messages`: how many were published at once; the others of a workflow follow from workers. */
  end(messages: number, error?: unknown): void
}

/** One delivery that a worker holds. */
export interface TaskDelivery {
  readonly message: Message
  readonly delivery: Delivery
  /** Undefined when this worker does not know the task: its name may be anything. */
  readonly task: object | undefined
  /** 1-based number of this try. */
  readonly attempt: number
}

/** Something that takes a while. */
export interface Trace {
  end(error?: unknown): void
}

/** How a run ended. */
export interface RunEndFacts {
  readonly outcome: RunOutcome
  /** Since the handler began. */
  readonly ranMs: number
  /** Since the task was first stored; undefined when that is not known. */
  readonly sinceIngestionMs: number | undefined
  readonly error?: unknown
}

/** One run of a handler. */
export interface RunTrace {
  /** For every log line of the run. */
  readonly logFields: LogFields
  /** Calls `run` with the run's context active, for it and for all that it awaits. */
  within<T>(run: () => T): T
  /** Only the first call counts. */
  end(end: RunEndFacts): void
}

/** What a hand-off does. */
export interface HandOffFacts {
  /** Whose end it follows from. */
  readonly delivery: TaskDelivery
  /** Undefined when the task ended in an earlier run, whose hand-off is repeated. */
  readonly run: RunTrace | undefined
  /** Queues of the messages that come next, one per message; a chord's callback is not among them. */
  readonly queues: readonly string[]
}

/** How far fetching is. */
export interface FetchProgress {
  /** Rounds in which every store answered; grows while fetching makes progress. */
  readonly rounds: number
  /** Whether it claims nothing now because it must not: every slot is taken, every queue is paused, or the worker is quiet. */
  readonly waitsForRoom: boolean
}

/** A running worker, to be looked at from time to time. */
export interface WorkerSource {
  readonly name: string
  slots(): { readonly used: number; readonly capacity: number }
  /** How far fetching is. An idle fetcher asks its store at once, so that the next look tells whether it answers. */
  fetchProgress(): FetchProgress
  /** The worker's queues now; empty where the broker cannot look into them. */
  queues(): Promise<readonly QueueFigures[]>
}

/** One queue, at one moment. */
export interface QueueFigures extends QueueStats {
  /** Of the oldest pending message; undefined when none is pending, or the store does not know. */
  readonly oldestAgeMs: number | undefined
}

/** An open server, to be looked at from time to time. */
export interface ServerSource {
  /** Rejects unless the broker answers; a broker that cannot be asked counts as there. */
  checkBroker(): Promise<void>
  /** Rejects unless the result backend answers, if there is one. */
  checkBackend(): Promise<void>
}

/**
 * Where the product tells what it does. Nothing may throw, nothing may be awaited by the product, and nothing that is told
 * holds arguments or results. Without one, a task costs nothing for it.
 */
export interface Telemetry {
  /** A send begins. */
  send(facts: SendFacts): SendTrace
  /** A message was published: by a send, a hand-off or a schedule. */
  sent(taskName: string, queue: string): void
  /** Deliveries were claimed, at least one. The answer ends when it is decided what becomes of each. */
  receive(queue: string, deliveries: readonly TaskDelivery[]): Trace
  /** A handler begins. `waitedMs`: since it was published or due; undefined when that is not known. */
  run(delivery: TaskDelivery, waitedMs: number | undefined): RunTrace
  /** What follows from the end of a task begins to be stored and published. */
  handOff(facts: HandOffFacts): Trace
  leaseLost(delivery: TaskDelivery): void
  /** A message is among the dead letters. */
  deadLettered(delivery: TaskDelivery): void
  /** A worker runs, until the answer is called. */
  watchWorker(source: WorkerSource): () => void
  /** A server is open, until the answer is called. */
  watchServer(source: ServerSource): () => void
}
