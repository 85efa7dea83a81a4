import { MachineryError } from '../core/errors.ts'
import { optionError, refuseUnknownKeys } from '../task/option-error.ts'
import { isSignature } from '../task/signature-data.ts'
import type { AnyStep, Args, Step } from '../task/step.ts'
import { MEMBER_FAILURE_POLICIES, type MemberFailurePolicy } from './member-policy.ts'

/** Options of a whole workflow. */
export interface WorkflowOptions {
  /**
   * Sent when any task of it has failed for good, with the error text before their arguments. Each has one UUID wherever it stands,
   * so it runs once however many tasks fail.
   */
  readonly onError?: readonly Step<[error: string], Args, unknown>[]
}

/** Options of a chord. */
export interface ChordOptions {
  /** What becomes of the callback when a member fails. @default 'fail-fast' */
  readonly onMemberFailure?: MemberFailurePolicy
}

/** @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right. */
export function checkWorkflowOptions(options: WorkflowOptions): readonly AnyStep[] {
  refuseUnknownKeys('a workflow', options, ['onError'])
  const { onError = [] } = options
  if (Array.isArray(onError) && onError.every(isSignature)) return onError as unknown as readonly AnyStep[]
  throw optionError('onError', onError, 'an array of signatures')
}

/** @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right. */
export function checkChordOptions(options: ChordOptions): MemberFailurePolicy {
  refuseUnknownKeys('a chord', options, ['onMemberFailure'])
  const { onMemberFailure = 'fail-fast' } = options
  if (MEMBER_FAILURE_POLICIES.includes(onMemberFailure)) return onMemberFailure
  throw optionError('onMemberFailure', onMemberFailure, MEMBER_FAILURE_POLICIES.join(', '))
}

/** An array of steps, checked for being one. */
export function checkedList(what: string, steps: unknown): readonly unknown[] {
  if (Array.isArray(steps)) return steps
  throw new MachineryError('ERR_WORKFLOW_INVALID', `${what} takes an array of steps`)
}
