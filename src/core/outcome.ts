import { MachineryError } from './errors.ts'

/** Verdicts of a handler that are not errors: thrown, logged at info, and never given to an error handler. */
export type Outcome = RetryIn | Reject

const OUTCOME: unique symbol = Symbol.for('machinery-ts.outcome')

/** "Run me again later": see `retryIn`. */
export interface RetryIn {
  readonly [OUTCOME]: 'retryIn'
  readonly delayMs: number
  readonly reason: string
}

/** "Never run me again": see `reject`. */
export interface Reject {
  readonly [OUTCOME]: 'reject'
  readonly reason: string
}

/**
 * Thrown by a handler, runs the task again after `delayMs`, any number of times: `retryCount` is not touched, the attempt
 * number rises. Where the broker can show the same message again it does; elsewhere the next attempt is recorded and
 * published (Go's `ErrKeepAndRetryTaskLater`, go-core 5.4b). Also found as the `cause` of a thrown error.
 * @throws `ERR_OPTION_INVALID` when `delayMs` is not a finite number of at least 0.
 */
export function retryIn(delayMs: number, reason = ''): RetryIn {
  if (!Number.isFinite(delayMs) || delayMs < 0) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `retryIn: delayMs is ${delayMs}; a number of milliseconds from 0 is right`,
    )
  }
  return { [OUTCOME]: 'retryIn', delayMs, reason }
}

/**
 * Thrown by a handler, ends the task in FAILURE with `reason`, without further retries, and moves its message to the
 * dead letters of its queue, from where it can be redriven. Also found as the `cause` of a thrown error.
 */
export function reject(reason: string): Reject {
  return { [OUTCOME]: 'reject', reason }
}

/** The outcome that was thrown, bare or anywhere in the chain of causes; undefined for an ordinary error. */
export function outcomeOf(thrown: unknown): Outcome | undefined {
  let current = thrown
  for (let depth = 0; depth < 16 && typeof current === 'object' && current !== null; depth += 1) {
    if (OUTCOME in current) return current as Outcome
    current = (current as { readonly cause?: unknown }).cause
  }
  return undefined
}

/** Whether the outcome is `retryIn`. */
export function isRetryIn(outcome: Outcome): outcome is RetryIn {
  return outcome[OUTCOME] === 'retryIn'
}
