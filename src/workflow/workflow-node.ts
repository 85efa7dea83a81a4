import { MachineryError } from '../core/errors.ts'
import { isSignature } from '../task/signature-data.ts'
import type { AnyStep } from '../task/step.ts'
import type { MemberFailurePolicy } from './member-policy.ts'

/** The property of a workflow under which its tree is found. */
export const workflowNode: unique symbol = Symbol.for('machinery-ts.workflow')

/** A tree of steps, before it is compiled. */
export type WorkflowNode =
  | { readonly kind: 'task'; readonly signature: unknown }
  | { readonly kind: 'chain'; readonly steps: readonly WorkflowNode[]; readonly onError: readonly AnyStep[] }
  | {
      readonly kind: 'group'
      readonly members: readonly WorkflowNode[]
      readonly onError: readonly AnyStep[]
      readonly onMemberFailure: MemberFailurePolicy
    }

/** What every workflow object carries. */
export interface WorkflowValue {
  readonly kind: 'chain' | 'group'
  readonly [workflowNode]: WorkflowNode
}

/** Whether `value` was made by `chain`, `group`, `chord`, `map` or `chunks`. */
export function isWorkflow(value: unknown): value is WorkflowValue {
  return typeof value === 'object' && value !== null && workflowNode in value
}

/**
 * The tree of a signature or a workflow.
 * @throws `ERR_WORKFLOW_INVALID` naming the place when `value` is neither; a handle that was not called has a text of its own.
 */
export function nodeOf(value: unknown, place: string): WorkflowNode {
  if (isWorkflow(value)) return value[workflowNode]
  if (isSignature(value)) return { kind: 'task', signature: value }
  const isHandle = typeof value === 'function' && 'taskName' in value
  const right = isHandle
    ? `write ${String(value.taskName)}(), the call of the task`
    : 'a signature or a workflow is right'
  throw new MachineryError('ERR_WORKFLOW_INVALID', `${place} is not a step; ${right}`)
}

/** Whether it begins with several tasks at once. */
export function beginsMany(node: WorkflowNode): boolean {
  if (node.kind === 'task') return false
  if (node.kind === 'group') return true
  const [first] = node.steps
  return first !== undefined && beginsMany(first)
}

/** Whether it ends with several tasks at once. */
export function endsMany(node: WorkflowNode): boolean {
  if (node.kind === 'task') return false
  if (node.kind === 'group') return true
  const last = node.steps.at(-1)
  return last !== undefined && endsMany(last)
}

/** Whether nothing would run. */
export function isEmpty(node: WorkflowNode): boolean {
  if (node.kind === 'task') return false
  return (node.kind === 'group' ? node.members : node.steps).every(isEmpty)
}
