import { checkRetryPolicy, type RetryPolicy } from '../core/retry-policy.ts'
import { checkLimits } from './check-send-options.ts'
import * as check from './option-checks.ts'
import { optionError, refuseUnknownKeys } from './option-error.ts'
import { isStandardSchema, type StandardSchema } from './standard-schema.ts'
import type { TaskOptions } from './task-options.ts'

const CHECKS: { readonly [K in keyof Required<TaskOptions>]: check.OptionCheck<unknown> } = {
  retry: (policy) => checkRetryPolicy(policy as RetryPolicy),
  retryCount: check.count,
  softLimitMs: check.limitMs,
  hardLimitMs: check.limitMs,
  schema: checkSchema,
  noResult: check.flag,
  queue: check.text,
}

const KNOWN = Object.keys(CHECKS)

/**
 * The checked options of a task.
 * @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right.
 */
export function settleTaskOptions(taskName: string, given: unknown): TaskOptions {
  if (typeof given !== 'object' || given === null)
    throw optionError('task options', given, 'an object of options')
  refuseUnknownKeys(`task ${taskName}`, given, KNOWN)
  const settled: Record<string, unknown> = {}
  for (const [option, value] of Object.entries(given)) {
    if (value !== undefined) settled[option] = CHECKS[option as keyof TaskOptions](value, option)
  }
  checkLimits(settled)
  return Object.freeze(settled)
}

function checkSchema(value: unknown, option: string): StandardSchema {
  if (isStandardSchema(value)) return value
  throw optionError(option, value, 'a Standard Schema v1 (zod, valibot, arktype, …)')
}
