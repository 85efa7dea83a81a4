import { checkRetryPolicy, type DataRetryPolicy, type RetryPolicy } from '../core/retry-policy.ts'
import * as check from './option-checks.ts'
import { optionError, refuseUnknownKeys } from './option-error.ts'
import type { SendOptions, SettledOptions } from './send-options.ts'
import { isSignature } from './signature-data.ts'
import type { AnyStep } from './step.ts'

const CHECKS: { readonly [K in keyof Required<SendOptions>]: check.OptionCheck<unknown> } = {
  uuid: check.uuid,
  delayMs: check.delayMs,
  eta: check.instant,
  routingKey: check.text,
  priority: check.priority,
  headers: checkHeaders,
  retryCount: check.count,
  retry: checkDataRetryPolicy,
  immutable: check.flag,
  onSuccess: checkCallbacks,
  onError: checkCallbacks,
  noResult: check.flag,
  softLimitMs: check.limitMs,
  hardLimitMs: check.limitMs,
  ignoreWhenTaskNotRegistered: check.flag,
  stopTaskDeletionOnError: check.flag,
  brokerMessageGroupId: check.text,
  splitSpan: check.flag,
  resend: check.flag,
}

const KNOWN = Object.keys(CHECKS)

/** The options of a signature that has none. */
export const NO_OPTIONS: SettledOptions = Object.freeze({})

/**
 * The checked options, over the earlier ones of the same signature.
 * @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right.
 */
export function settleOptions(earlier: SettledOptions, given: unknown): SettledOptions & { uuid?: string } {
  if (typeof given !== 'object' || given === null)
    throw optionError('send options', given, 'an object of options')
  refuseUnknownKeys('a signature', given, KNOWN)
  const settled: Record<string, unknown> = { ...earlier }
  for (const [option, value] of Object.entries(given)) {
    if (value !== undefined) settled[option] = CHECKS[option as keyof SendOptions](value, option)
  }
  return withOneInstant(settled, given)
}

/** `delayMs` and `eta` say the same thing in two ways: the later replaces the earlier, both at once contradict. */
function withOneInstant(settled: SettledOptions, given: SendOptions): SettledOptions {
  const { delayMs, eta, ...others } = settled
  if (given.delayMs !== undefined && given.eta !== undefined) {
    throw optionError('eta', given.eta, 'either eta or delayMs, not both,')
  }
  checkLimits(settled)
  if (given.delayMs !== undefined && eta !== undefined) return { ...others, delayMs: given.delayMs }
  if (given.eta !== undefined && delayMs !== undefined && eta !== undefined) return { ...others, eta }
  return settled
}

/** @throws `ERR_OPTION_INVALID` when the soft limit could never be reached. */
export function checkLimits(options: { readonly softLimitMs?: number; readonly hardLimitMs?: number }): void {
  const { softLimitMs, hardLimitMs } = options
  if (softLimitMs === undefined || hardLimitMs === undefined || softLimitMs <= hardLimitMs) return
  throw optionError('softLimitMs', softLimitMs, `at most hardLimitMs (${hardLimitMs})`)
}

function checkDataRetryPolicy(value: unknown, option: string): DataRetryPolicy {
  const policy = checkRetryPolicy(value as RetryPolicy)
  if (typeof policy === 'string') return policy
  if (policy.kind !== 'function') return Object.freeze({ ...policy })
  throw optionError(
    option,
    policy.delayMs,
    'a policy that can travel with the message (a function belongs to the task)',
  )
}

function checkHeaders(value: unknown, option: string): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw optionError(option, value, 'an object of texts')
  }
  const copy: Record<string, string> = {}
  for (const [name, text] of Object.entries(value)) {
    if (name === '' || name.startsWith('mq-') || check.RESERVED_NAMES.includes(name)) {
      throw optionError(
        `a name in ${option}`,
        name,
        'one that is not empty, not reserved and does not begin with mq-',
      )
    }
    if (typeof text !== 'string') throw optionError(`${option}[${JSON.stringify(name)}]`, text, 'a text')
    copy[name] = text
  }
  return Object.freeze(copy)
}

function checkCallbacks(value: unknown, option: string): readonly AnyStep[] {
  if (!Array.isArray(value)) throw optionError(option, value, 'an array of signatures')
  for (const [index, callback] of value.entries()) {
    if (!isSignature(callback))
      throw optionError(`${option}[${index}]`, callback, 'a signature: a task that was called')
  }
  return Object.freeze([...(value as AnyStep[])])
}
