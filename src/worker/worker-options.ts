import type { CurrentTask } from './current-task.ts'
import type { Slots } from './slots.ts'

/** One queue a worker consumes from, with its share. */
export type QueueShares = Readonly<Record<string, number>>

/** What to do with a message whose task this worker does not know. */
export type UnknownTaskPolicy =
  | 'retryLater'
  | 'deadLetter'
  | 'drop'
  | ((task: {
      readonly uuid: string
      readonly name: string
      readonly queue: string
      readonly deliveryCount: number
    }) => 'deadLetter' | 'drop' | { readonly retryInMs: number })

/** Wraps the call of every handler: may look at it, time it, or answer in its place. */
export type Middleware = (task: CurrentTask, next: () => Promise<unknown>) => Promise<unknown>

/** Calls at fixed points of a task's life. A hook that throws is logged; only `beforeTask` can fail the task. */
export interface WorkerHooks {
  /** Before each claim; false skips it, to be asked again within a second. */
  readonly beforeConsume?: (queue: string) => boolean | Promise<boolean>
  /** Right before the handler; what it throws counts as thrown by the handler. */
  readonly beforeTask?: (task: CurrentTask) => void | Promise<void>
  /** When the run has ended, on success, failure and retry alike. */
  readonly afterTask?: (task: CurrentTask, end: 'success' | 'failure' | 'retry') => void | Promise<void>
  /** When a task has failed for good. */
  readonly taskError?: (error: unknown, task: CurrentTask) => void | Promise<void>
  /** When a failed task will run again. */
  readonly taskRetry?: (error: unknown, task: CurrentTask, delayMs: number) => void | Promise<void>
  /** When the worker itself has trouble: a claim, a hand-off, a settlement or a chore that failed, and will be tried again. */
  readonly workerError?: (error: unknown) => void | Promise<void>
}

/** Options of `server.startWorker`. */
export interface WorkerOptions {
  /** Names the worker in logs and inspection. @default `worker` and a random part */
  readonly name?: string
  /** Handlers that run at once; 0 and undefined mean twice the available CPUs. */
  readonly concurrency?: number
  /** A pool shared with other workers; excludes `concurrency`. */
  readonly slots?: Slots
  /** Queues to consume: a name, names in strict order, or names with weights. @default the server's default queue */
  readonly queues?: string | readonly string[] | QueueShares
  /** With several queues: `weighted` gives each its share, `strict` empties the first one first. @default strict for a list, weighted for shares */
  readonly order?: 'weighted' | 'strict'
  /** Deliveries after which a message that keeps killing its worker becomes a dead letter. @default 10 */
  readonly maxDeliveries?: number
  /** @default 'retryLater': counted releases with a delay from 1 to 60 s, a dead letter after 66 deliveries */
  readonly unknownTask?: UnknownTaskPolicy
  /** Also moves the message of a task that failed for good to the dead letters. @default false */
  readonly deadLetterFailures?: boolean
  /** ms that running handlers have after the first signal, or `close()`, before their signal is aborted. @default 25_000 */
  readonly graceMs?: number
  /** Do not handle SIGINT and SIGTERM. @default false */
  readonly noSignals?: boolean
  /** ms between two signs of life in the registry of workers, from 1,000; 0 keeps the worker out of it and out of the reach of orders and pauses. @default 5_000 */
  readonly heartbeatMs?: number
  readonly hooks?: WorkerHooks
  /** Wraps every handler, the first one outermost. */
  readonly middleware?: readonly Middleware[]
}
