import type { RetryPolicy } from '../core/retry-policy.ts'
import type { StandardSchema } from './standard-schema.ts'

/** What holds for every run of a task, unless its signature says otherwise. */
export interface TaskOptions {
  /** How long to wait between runs; a function stays with the worker. @default Fibonacci seconds, as in Go */
  readonly retry?: RetryPolicy
  /** How often a failing run is repeated. @default 0 */
  readonly retryCount?: number
  /** Milliseconds after which the handler's signal is aborted. @default never */
  readonly softLimitMs?: number
  /** Milliseconds after which the run counts as failed. @default never */
  readonly hardLimitMs?: number
  /** Validates the tuple of arguments when it is sent and again before it runs; the handler gets the validated values. */
  readonly schema?: StandardSchema
  /** Nothing is stored about a run: no state, no result. @default false */
  readonly noResult?: boolean
  /** Queue to which the task is sent. @default the server's `defaultQueue` */
  readonly queue?: string
}
