import { MachineryError } from '../core/errors.ts'
import type { AnyStep } from '../task/step.ts'
import { makeChain } from './chain.ts'
import { makeGroup } from './group.ts'
import { beginsMany, nodeOf, workflowNode } from './workflow-node.ts'
import { checkChordOptions, checkedList, type ChordOptions } from './workflow-options.ts'
import type { BothMany, ChordOf, Fit, GroupOut } from './workflow-types.ts'

/**
 * A group, and a callback that runs once when all members have succeeded, with all of their results in order appended to its
 * arguments. A chord without members is its callback.
 * @throws `ERR_WORKFLOW_INVALID` for something that is not a step and for a callback that begins with a group;
 * `ERR_OPTION_INVALID` for a wrong option.
 * @example chord([add(1, 1), add(5, 5)], multiply()) // 20
 */
export function chord<const M extends readonly AnyStep[], C>(
  members: M,
  callback: Fit<GroupOut<M>, BothMany, C>,
  options: ChordOptions = {},
): ChordOf<M, C> {
  const nodes = checkedList('chord', members).map((member, index) =>
    nodeOf(member, `member ${index + 1} of the chord`),
  )
  const last = nodeOf(callback, 'the callback of the chord')
  if (beginsMany(last)) {
    throw new MachineryError(
      'ERR_WORKFLOW_INVALID',
      'the callback of the chord begins with a group; put a task between them',
    )
  }
  const first = makeGroup(nodes, [], checkChordOptions(options))
  return makeChain([first[workflowNode], last], []) as unknown as ChordOf<M, C>
}
