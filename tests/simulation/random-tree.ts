import { MEMBER_FAILURE_POLICIES } from '../../src/workflow/member-policy.ts'
import { isMachineryError } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/id.ts'
import { wireLimits } from '../../src/core/wire/limits.ts'
import { signature } from '../../src/task/untyped-signature.ts'
import type { AnyStep } from '../../src/task/step.ts'
import { compileWorkflow } from '../../src/workflow/compile-workflow.ts'
import { nodeOf } from '../../src/workflow/workflow-node.ts'
import {
  beginsWithGroup,
  buildTree,
  endsWithGroup,
  isEmptyTree,
  plainTask,
  tasksOf,
  type TaskSpec,
  type TreeSpec,
} from './tree.ts'

/** Next to the callback of a chord an empty group has no form on the wire. */
function isExpressible(tree: TreeSpec): boolean {
  const named = (uuid: string): AnyStep => signature(uuid).with({ uuid })
  const work = buildTree(tree, { signature: ({ label }) => named(label), onError: named })
  try {
    compileWorkflow(nodeOf(work, 'a random tree'), { nowMs: 0, ids: randomIds, limits: wireLimits() })
    return true
  } catch (error) {
    if (isMachineryError(error, 'ERR_WORKFLOW_INVALID')) return false
    if (isMachineryError(error, 'ERR_WORKFLOW_TOO_LARGE')) return true
    throw error
  }
}

/** What random trees may contain. */
export interface TreeLimits {
  readonly maxDepth: number
  readonly maxTasks: number
  /** Whether tasks may retry and fail, and chains may have error callbacks. */
  readonly withFailures: boolean
  readonly maxRunMs: number
}

/** A random tree that has a form on the wire. `random` gives numbers in [0, 1); zeros give the smallest tree. */
export function randomTree(random: () => number, limits: TreeLimits): TreeSpec {
  for (;;) {
    const tree = new TreeMaker(random, limits).tree()
    if (isExpressible(tree)) return tree
  }
}

/** Where a node stands: an empty group has no form on the wire everywhere. */
interface Place {
  /** Its end is counted by a group: something must be there to count. */
  readonly endsMember: boolean
  /** What stands directly before it. */
  readonly after: 'nothing' | 'task' | 'group'
}

class TreeMaker {
  readonly #random: () => number
  readonly #limits: TreeLimits
  #left: number
  #labels = 0

  constructor(random: () => number, limits: TreeLimits) {
    this.#random = random
    this.#limits = limits
    this.#left = limits.maxTasks
  }

  tree(): TreeSpec {
    return this.#node(this.#limits.maxDepth, { endsMember: false, after: 'nothing' })
  }

  #node(depth: number, place: Place): TreeSpec {
    const choice = this.#random()
    if (depth <= 0 || this.#left <= 1 || choice < 0.3) return this.#task()
    if (choice < 0.65) return this.#chain(depth - 1, place)
    return this.#group(depth - 1, place)
  }

  #chain(depth: number, { endsMember, after: first }: Place): TreeSpec {
    const count = 1 + this.#upTo(4)
    const steps: TreeSpec[] = []
    let after = first
    let mayHoldBack = first === 'nothing'
    for (let index = 0; index < count && this.#left > 0; index++) {
      if (mayHoldBack && this.#random() > 0.93) steps.push(emptyGroup())
      const step = this.#node(depth, { endsMember: endsMember && index === count - 1, after })
      if (after === 'group' && beginsWithGroup(step)) {
        steps.push(this.#task())
        after = 'task'
      }
      steps.push(step)
      mayHoldBack = canHoldBack(step, after)
      after = endsWithGroup(step) ? 'group' : 'task'
    }
    const last = steps.at(-1)
    if (last === undefined || (endsMember && endsEmpty(last))) steps.push(this.#task())
    else if (!endsMember && mayHoldBack && this.#random() > 0.95) steps.push(emptyGroup())
    const hasErrorCallback = this.#limits.withFailures && this.#random() > 0.9
    return { kind: 'chain', steps, onError: hasErrorCallback ? `e${++this.#labels}` : undefined }
  }

  #group(depth: number, { after }: Place): TreeSpec {
    const count = 1 + this.#upTo(4)
    const members: TreeSpec[] = []
    for (let index = 0; index < count && this.#left > 0; index++) {
      const isEmpty = index > 0 && this.#random() > 0.95
      members.push(isEmpty ? emptyGroup() : this.#node(depth, { endsMember: true, after }))
    }
    if (members.every(isEmptyTree)) members.push(this.#task())
    const policy = this.#limits.withFailures ? this.#upTo(MEMBER_FAILURE_POLICIES.length - 1) : 0
    return { kind: 'group', members, onMemberFailure: MEMBER_FAILURE_POLICIES[policy] ?? 'fail-fast' }
  }

  #task(): TaskSpec {
    this.#left -= 1
    const label = `t${++this.#labels}`
    const results = this.#random()
    const spec = plainTask(label, {
      results: results > 0.85 ? 0 : results > 0.7 ? 2 : 1,
      immutable: this.#random() > 0.85,
      runMs: this.#random() * this.#limits.maxRunMs,
    })
    if (!this.#limits.withFailures || this.#random() < 0.75) return spec
    return {
      ...spec,
      failures: this.#upTo(2),
      again: this.#random() > 0.5 ? 'retryIn' : 'throw',
      isFatal: this.#random() > 0.6,
    }
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1))
  }
}

/** Whether nothing is at its end. */
function endsEmpty(spec: TreeSpec): boolean {
  if (isEmptyTree(spec)) return true
  const last = spec.kind === 'chain' ? spec.steps.at(-1) : undefined
  return last !== undefined && endsEmpty(last)
}

/**
 * Whether an empty group may follow it. It makes the task before it pass nothing, and the callback of a group would get nothing
 * then, nor would what follows a group's callback.
 */
function canHoldBack(step: TreeSpec, after: Place['after']): boolean {
  return !endsWithGroup(step) && !(after === 'group' && tasksOf(step).length === 1)
}

function emptyGroup(): TreeSpec {
  return { kind: 'group', members: [], onMemberFailure: 'fail-fast' }
}
