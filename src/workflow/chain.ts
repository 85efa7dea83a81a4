import { MachineryError } from '../core/errors.ts'
import type { AnyStep } from '../task/step.ts'
import {
  beginsMany,
  endsMany,
  isEmpty,
  nodeOf,
  workflowNode,
  type WorkflowNode,
  type WorkflowValue,
} from './workflow-node.ts'
import { checkWorkflowOptions, type WorkflowOptions } from './workflow-options.ts'
import type { ChainOf, Seams } from './workflow-types.ts'

/**
 * Steps that run one after the other; the results of each are appended to the arguments of the next. A group in the middle
 * makes a chord of itself and the step after it; a group directly after a group has no form on the wire.
 * @throws `ERR_WORKFLOW_INVALID` for no steps, for something that is not a step, and for a group directly after a group.
 * @example chain(add(1, 1), add(5, 5), multiply(4)) // 48
 */
export function chain<const S extends readonly [unknown, ...unknown[]] | unknown[]>(
  ...steps: Seams<S>
): ChainOf<S> {
  const nodes = (steps as readonly unknown[]).map((step, index) =>
    nodeOf(step, `step ${index + 1} of the chain`),
  )
  if (nodes.length === 0)
    throw new MachineryError('ERR_WORKFLOW_INVALID', 'a chain has no steps; at least one is right')
  checkSeams(nodes)
  return makeChain(nodes, []) as unknown as ChainOf<S>
}

/** A chain of nodes that were checked. */
export function makeChain(steps: readonly WorkflowNode[], onError: readonly AnyStep[]): WorkflowValue {
  return {
    kind: 'chain',
    [workflowNode]: { kind: 'chain', steps, onError },
    with: (options: WorkflowOptions) => makeChain(steps, checkWorkflowOptions(options)),
  } as WorkflowValue
}

function checkSeams(nodes: readonly WorkflowNode[]): void {
  nodes.forEach((node, index) => {
    const before = nodes[index - 1]
    if (before === undefined || isEmpty(before) || isEmpty(node) || !endsMany(before) || !beginsMany(node))
      return
    throw new MachineryError(
      'ERR_WORKFLOW_INVALID',
      `step ${index + 1} of the chain begins with a group, and so ends the step before it; put a task between them`,
    )
  })
}
