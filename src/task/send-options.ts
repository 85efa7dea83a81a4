import type { DataRetryPolicy } from '../core/retry-policy.ts'
import type { Args, Step } from './step.ts'

/**
 * How one signature is sent. An option that is `undefined` counts as not given; one given again replaces the earlier one.
 * `Out` is what the task passes to its success callbacks.
 */
export interface SendOptions<Out extends Args = Args> {
  /** Id of the run and key of its result: `^[\w.:-]{1,200}$`. @default `task_` and a random UUID */
  readonly uuid?: string
  /** Earliest execution, milliseconds after the send; replaces an `eta`. */
  readonly delayMs?: number
  /** Earliest execution as a Date or epoch milliseconds; replaces a `delayMs`. One that has passed means at once. */
  readonly eta?: Date | number
  /** Queue. @default the task's `queue`, then the server's `defaultQueue` */
  readonly routingKey?: string
  /** 0 to 255, higher first, where the broker has priorities. @default 0 */
  readonly priority?: number
  /** String values by name, readable in the handler; names beginning with `mq-` are the product's own. */
  readonly headers?: Readonly<Record<string, string>>
  /** How often a failing run is repeated. @default the task's `retryCount`, then 0 */
  readonly retryCount?: number
  /** How long to wait between runs; travels with the message. @default the task's `retry`, then Fibonacci as in Go */
  readonly retry?: DataRetryPolicy
  /** The results are not passed on: not to success callbacks, or, on the callback of a chord, not to itself. */
  readonly immutable?: boolean
  /** Sent when the task has succeeded, each with the results appended to its arguments. */
  readonly onSuccess?: readonly Step<Out, Args, unknown>[]
  /** Sent when the task has failed for good, each with the error text before its arguments. */
  readonly onError?: readonly Step<[error: string], Args, unknown>[]
  /** Nothing is stored about the run: no state, no result. @default the task's `noResult`, then false */
  readonly noResult?: boolean
  /** Milliseconds after which the handler's signal is aborted; travels with the message. */
  readonly softLimitMs?: number
  /** Milliseconds after which the run counts as failed; travels with the message. */
  readonly hardLimitMs?: number
  /** A worker that does not know the task drops the message instead of keeping it. */
  readonly ignoreWhenTaskNotRegistered?: boolean
  /** The broker keeps the message when the task has failed for good, where it can. */
  readonly stopTaskDeletionOnError?: boolean
  /** Message group of an SQS FIFO queue. */
  readonly brokerMessageGroupId?: string
  /** The message carries no trace context: its run begins a trace without a link to the send. @default false */
  readonly splitSpan?: boolean
  /** With the UUID of an earlier run, starts it again as a new generation; otherwise `send` returns the earlier run. */
  readonly resend?: boolean
}

/** The options of a task or signature after their check. */
export interface SettledOptions extends Omit<SendOptions, 'uuid' | 'eta'> {
  /** Epoch milliseconds. */
  readonly eta?: number
}
