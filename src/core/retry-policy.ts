import { MachineryError } from './errors.ts'

/** A policy that is data, and so can travel with a message. Delays are milliseconds. */
export type DataRetryPolicy =
  | 'fibonacci'
  | { readonly kind: 'fixed'; readonly delayMs: number }
  | {
      readonly kind: 'exponential'
      /** Delay after the first attempt; doubled after each further one. */
      readonly baseMs: number
      /** Most that is ever waited. */
      readonly maxMs: number
      /** `full`: uniform between 0 and the delay (many clients spread out); `none`: exactly the delay. */
      readonly jitter: 'full' | 'none'
    }

/** A policy that the program decides. It lives with the task and never travels. */
export interface RetryFunction {
  readonly kind: 'function'
  /** `attempt` is the number of the attempt that failed, from 1; answers milliseconds. */
  readonly delayMs: (attempt: number, error: unknown) => number
}

/**
 * When a failed task runs again. `'fibonacci'` is Go's default: 1, 2, 3, 5, 8, 13 … seconds. How often is not part of it:
 * that is `retryCount`.
 */
export type RetryPolicy = DataRetryPolicy | RetryFunction

/** What a decision is made from. */
export interface FailedAttempt {
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** `RetryTimeout` of its message, in seconds. */
  readonly retryTimeoutSeconds: number
  readonly error: unknown
}

/** When to run again, and the `RetryTimeout` to send along. */
export interface NextRetry {
  readonly delayMs: number
  readonly retryTimeoutSeconds: number
}

/** The smallest Fibonacci number above `n`: 0→1, 1→2, 2→3, 3→5, 4→5 … (go-core 5.4). */
export function fibonacciNext(n: number): number {
  let [one, other] = [1, 1]
  while (one <= n) [one, other] = [other, one + other]
  return one
}

/** Seconds above which a wait is of no use: no timer, queue or clock of the product goes further. */
const MOST_SECONDS = 1_000_000_000

/**
 * The wait before the next attempt. `RetryTimeout` keeps Go's meaning, so that a Go worker continues the sequence:
 * whole seconds of the wait, rounded up. `random` answers uniformly in [0, 1).
 * @throws `ERR_OPTION_INVALID` when a function answers something other than a finite number of at least 0.
 */
export function nextRetry(policy: RetryPolicy, failed: FailedAttempt, random: () => number): NextRetry {
  if (policy === 'fibonacci') {
    const seconds = fibonacciNext(Math.min(failed.retryTimeoutSeconds, MOST_SECONDS))
    return { delayMs: seconds * 1000, retryTimeoutSeconds: seconds }
  }
  const delayMs = delayOf(policy, failed, random)
  return { delayMs, retryTimeoutSeconds: Math.ceil(delayMs / 1000) }
}

function delayOf(
  policy: Exclude<RetryPolicy, 'fibonacci'>,
  { attempt, error }: FailedAttempt,
  random: () => number,
): number {
  switch (policy.kind) {
    case 'fixed':
      return policy.delayMs
    case 'exponential': {
      const delayMs = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.max(0, attempt - 1))
      return policy.jitter === 'full' ? Math.floor(random() * (delayMs + 1)) : delayMs
    }
    case 'function': {
      const delayMs = policy.delayMs(attempt, error)
      if (Number.isFinite(delayMs) && delayMs >= 0) return Math.ceil(delayMs)
      throw invalid('retry.delayMs()', delayMs, 'a finite number of milliseconds, at least 0')
    }
  }
}

function invalid(option: string, value: unknown, rule: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', `${option} is ${String(value)}; it must be ${rule}`, {
    details: { option, value },
  })
}

function checkMs(option: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return
  throw invalid(option, value, `an integer of milliseconds, at least ${least}`)
}

/**
 * The policy, checked.
 * @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right.
 */
export function checkRetryPolicy(policy: RetryPolicy): RetryPolicy {
  if (policy === 'fibonacci') return policy
  const kind: unknown = policy?.kind
  if (policy?.kind === 'fixed') {
    checkMs('retry.delayMs', policy.delayMs, 0)
  } else if (policy?.kind === 'exponential') {
    checkMs('retry.baseMs', policy.baseMs, 1)
    checkMs('retry.maxMs', policy.maxMs, policy.baseMs)
    if (policy.jitter !== 'full' && policy.jitter !== 'none') {
      throw invalid('retry.jitter', policy.jitter, "'full' or 'none'")
    }
  } else if (policy?.kind !== 'function' || typeof policy.delayMs !== 'function') {
    throw invalid('retry', kind ?? policy, "'fibonacci', or an object of kind fixed, exponential or function")
  }
  return policy
}

/** The policy as the text of the header `mq-retry`: `fibonacci`, `fixed 5000`, `exponential 100 60000 full`. */
export function formatRetryPolicy(policy: DataRetryPolicy): string {
  if (policy === 'fibonacci') return policy
  if (policy.kind === 'fixed') return `fixed ${policy.delayMs}`
  return `exponential ${policy.baseMs} ${policy.maxMs} ${policy.jitter}`
}

/**
 * The policy of a header `mq-retry`.
 * @throws `ERR_OPTION_INVALID` when the text is none, or its values are out of range.
 */
export function parseRetryPolicy(text: string): DataRetryPolicy {
  const [kind, first = '', second = '', jitter = ''] = text.split(' ')
  const policy: DataRetryPolicy | undefined =
    kind === 'fibonacci'
      ? kind
      : kind === 'fixed'
        ? { kind, delayMs: milliseconds(first) }
        : kind === 'exponential'
          ? { kind, baseMs: milliseconds(first), maxMs: milliseconds(second), jitter: jitter as 'full' }
          : undefined
  if (policy !== undefined) checkRetryPolicy(policy)
  if (policy === undefined || formatRetryPolicy(policy) !== text) {
    throw invalid(
      'mq-retry',
      JSON.stringify(text.slice(0, 100)),
      'such as "fixed 5000" or "exponential 100 60000 full"',
    )
  }
  return policy
}

function milliseconds(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}
