import { MEMBER_FAILURE_POLICIES } from '../../src/workflow/member-policy.ts'
import { randomTree } from './random-tree.ts'
import { plainTask, type TaskSpec, type TreeSpec } from './tree.ts'

const SMALL_TREES = { maxDepth: 3, maxTasks: 12, withFailures: true, maxRunMs: 40 }

/** A chain of three. */
function chainOfThree(some: TaskMaker): TreeSpec {
  return chainOf(some('a'), some('b'), some('c'))
}

/** A chord of three, its callback, and a tail; a member may fail, under each policy. */
function chordWithTail(some: TaskMaker, random: () => number): TreeSpec {
  const onMemberFailure = MEMBER_FAILURE_POLICIES[Math.floor(random() * 3)] ?? 'fail-fast'
  const members = ['a', 'b', 'c'].map((label) =>
    some(label, { isFatal: random() < 0.25, results: random() < 0.2 ? 2 : 1 }),
  )
  return {
    kind: 'chain',
    steps: [{ kind: 'group', members, onMemberFailure }, some('callback'), some('tail')],
    onError: random() < 0.5 ? 'onError' : undefined,
  }
}

/** A member that fails twice and retries, or asks for it. */
function retryingMember(some: TaskMaker, random: () => number): TreeSpec {
  const again = random() < 0.5 ? 'throw' : 'retryIn'
  const members = [some('a', { failures: 2, again }), some('b'), some('c', { failures: 1, again })]
  return chainOf({ kind: 'group', members, onMemberFailure: 'fail-fast' }, some('callback'), some('tail'))
}

type TaskMaker = (label: string, changes?: Partial<TaskSpec>) => TaskSpec

function chainOf(...steps: readonly TreeSpec[]): TreeSpec {
  return { kind: 'chain', steps, onError: undefined }
}

/** The workflow of one run: one of the shapes in which bugs were found before, or a random tree. */
export function randomWorkload(random: () => number): TreeSpec {
  const longest = random() < 0.2 ? 3_000 : random() < 0.5 ? 30 : 0
  const some: TaskMaker = (label, changes) => plainTask(label, { runMs: longest, ...changes })
  const choice = random()
  if (choice < 0.12) return chainOfThree(some)
  if (choice < 0.35) return chordWithTail(some, random)
  if (choice < 0.55) return retryingMember(some, random)
  return randomTree(random, { ...SMALL_TREES, maxRunMs: longest })
}
