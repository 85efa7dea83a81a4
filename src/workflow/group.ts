import type { AnyStep } from '../task/step.ts'
import type { MemberFailurePolicy } from './member-policy.ts'
import { nodeOf, workflowNode, type WorkflowNode, type WorkflowValue } from './workflow-node.ts'
import { checkedList, checkWorkflowOptions, type WorkflowOptions } from './workflow-options.ts'
import type { GroupOf } from './workflow-types.ts'

/**
 * Steps that run at the same time. `get()` gives their results in order; an empty group gives `[]`. A group inside a group
 * keeps its place in the results.
 * @throws `ERR_WORKFLOW_INVALID` for something that is not a step.
 * @example group([add(1, 1), add(5, 5)]) // [2, 10]
 */
export function group<const M extends readonly AnyStep[]>(members: M): GroupOf<M> {
  const nodes = checkedList('group', members).map((member, index) =>
    nodeOf(member, `member ${index + 1} of the group`),
  )
  return makeGroup(nodes, [], 'fail-fast') as unknown as GroupOf<M>
}

/** A group of nodes that were checked. */
export function makeGroup(
  members: readonly WorkflowNode[],
  onError: readonly AnyStep[],
  onMemberFailure: MemberFailurePolicy,
): WorkflowValue {
  return {
    kind: 'group',
    [workflowNode]: { kind: 'group', members, onError, onMemberFailure },
    with: (options: WorkflowOptions) => makeGroup(members, checkWorkflowOptions(options), onMemberFailure),
  } as WorkflowValue
}
