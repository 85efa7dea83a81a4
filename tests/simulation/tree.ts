import type { AnyStep } from '../../src/task/step.ts'
import { chain } from '../../src/workflow/chain.ts'
import { chord } from '../../src/workflow/chord.ts'
import { group } from '../../src/workflow/group.ts'
import type { MemberFailurePolicy } from '../../src/workflow/member-policy.ts'

/** One task of a tree. Its label is its UUID and its first argument. */
export interface TaskSpec {
  readonly kind: 'task'
  readonly label: string
  /** How many results it returns: `void`, one, or `results(a, b)`. */
  readonly results: 0 | 1 | 2
  readonly immutable: boolean
  /** Attempts that end in "again" before the last one. */
  readonly failures: number
  /** How those attempts say so. */
  readonly again: 'throw' | 'retryIn'
  /** Whether the last attempt throws as well. */
  readonly isFatal: boolean
  /** Longest run of its handler; 0 = it returns without awaiting anything. */
  readonly runMs: number
}

/** A workflow as plain data: what is built, sent and run, and what it must come to, are both made from it. */
export type TreeSpec =
  | TaskSpec
  | {
      readonly kind: 'chain'
      readonly steps: readonly TreeSpec[]
      /** Label of its error callback. */
      readonly onError: string | undefined
    }
  | {
      readonly kind: 'group'
      readonly members: readonly TreeSpec[]
      /** Only in force when a step follows. */
      readonly onMemberFailure: MemberFailurePolicy
    }

/** A task that simply returns one result. */
export function plainTask(label: string, changes: Partial<TaskSpec> = {}): TaskSpec {
  return {
    kind: 'task',
    label,
    results: 1,
    immutable: false,
    failures: 0,
    again: 'throw',
    isFatal: false,
    runMs: 0,
    ...changes,
  }
}

/** How a task of a tree becomes a signature. */
export interface TreeTasks {
  readonly signature: (spec: TaskSpec) => AnyStep
  readonly onError: (label: string) => AnyStep
}

/** The tree as the public API makes it. A group with a policy and the step after it become a `chord`. */
export function buildTree(spec: TreeSpec, tasks: TreeTasks): AnyStep {
  if (spec.kind === 'task') return tasks.signature(spec)
  if (spec.kind === 'group') return group(spec.members.map((member) => buildTree(member, tasks)))
  const steps: AnyStep[] = []
  for (let index = 0; index < spec.steps.length; index++) {
    const step = spec.steps[index] as TreeSpec
    const next = spec.steps[index + 1]
    if (step.kind === 'group' && next !== undefined && !isEmptyTree(next) && !isEmptyTree(step)) {
      const members = step.members.map((member) => buildTree(member, tasks))
      const { onMemberFailure } = step
      steps.push(untypedChord(members, buildTree(next, tasks), { onMemberFailure }))
      index++
    } else steps.push(buildTree(step, tasks))
  }
  const made = untypedChain(...steps)
  return spec.onError === undefined ? made : made.with({ onError: [tasks.onError(spec.onError)] })
}

/** The types of a tree are known at compile time only: here they are data. */
const untypedChain = chain as unknown as (
  ...steps: readonly AnyStep[]
) => AnyStep & { readonly with: (options: { readonly onError: readonly AnyStep[] }) => AnyStep }
const untypedChord = chord as unknown as (
  members: readonly AnyStep[],
  callback: AnyStep,
  options: { readonly onMemberFailure: MemberFailurePolicy },
) => AnyStep

/** Whether nothing would run. */
export function isEmptyTree(spec: TreeSpec): boolean {
  if (spec.kind === 'task') return false
  return (spec.kind === 'group' ? spec.members : spec.steps).every(isEmptyTree)
}

/** Whether it begins with a group. */
export function beginsWithGroup(spec: TreeSpec): boolean {
  if (spec.kind === 'task') return false
  if (spec.kind === 'group') return true
  const [first] = spec.steps
  return first !== undefined && beginsWithGroup(first)
}

/** Whether it ends with a group. */
export function endsWithGroup(spec: TreeSpec): boolean {
  if (spec.kind === 'task') return false
  if (spec.kind === 'group') return true
  const last = spec.steps.at(-1)
  return last !== undefined && endsWithGroup(last)
}

/** Its tasks in order, error callbacks left out. */
export function tasksOf(spec: TreeSpec): readonly TaskSpec[] {
  if (spec.kind === 'task') return [spec]
  return (spec.kind === 'group' ? spec.members : spec.steps).flatMap(tasksOf)
}

/** Labels of its error callbacks. */
export function errorCallbacksOf(spec: TreeSpec): readonly string[] {
  if (spec.kind === 'task') return []
  const own = spec.kind === 'chain' && spec.onError !== undefined ? [spec.onError] : []
  return [...own, ...(spec.kind === 'group' ? spec.members : spec.steps).flatMap(errorCallbacksOf)]
}

/** A tree in one line, for failure messages. */
export function treeText(spec: TreeSpec): string {
  if (spec.kind === 'chain') {
    const onError = spec.onError === undefined ? '' : ` !${spec.onError}`
    return `chain(${spec.steps.map(treeText).join(' ')}${onError})`
  }
  if (spec.kind === 'group') {
    const policy = spec.onMemberFailure === 'fail-fast' ? '' : ` ${spec.onMemberFailure}`
    return `group(${spec.members.map(treeText).join(' ')}${policy})`
  }
  const { label, results, immutable, failures, again, isFatal } = spec
  const marks = [
    results === 1 ? '' : `/${results}`,
    immutable ? '/immutable' : '',
    failures > 0 ? `/${failures}×${again}` : '',
    isFatal ? '/fatal' : '',
  ]
  return label + marks.join('')
}
