import { isEmptyTree, type TaskSpec, type TreeSpec } from './tree.ts'

/** How a task ended. */
export type TaskEnd =
  | { readonly kind: 'values'; readonly values: readonly string[] }
  | { readonly kind: 'failed'; readonly error: string }

/** What a tree is evaluated with. */
export interface Evaluation {
  /** Runs, or looks up, a task with the arguments after its label. */
  readonly run: (task: TaskSpec, args: readonly string[]) => TaskEnd
  /** A task that never runs since something before it failed. */
  readonly neverRuns: (task: TaskSpec) => void
  /** The error callback of a chain: the errors of the tasks in it that failed themselves. */
  readonly onError: (label: string, errors: readonly string[]) => void
}

/** What `get()` gives: the value of a task, an array for several results and for a group. */
export type Shape = string | undefined | readonly Shape[]

/** What a tree came to. */
export interface TreeEnd {
  /** Undefined when anything in it that its result needs has failed. */
  readonly shape: { readonly value: Shape } | undefined
  /** The tasks that end it, in order: several for a group. */
  readonly ends: readonly TaskEnd[]
}

const UPSTREAM: TaskEnd = { kind: 'failed', error: 'upstream' }

/**
 * The meaning of a workflow, written down without any of its machinery: steps one after the other, results appended to the next
 * step's arguments unless the parent, or the callback of a group, is immutable; an empty group passes nothing. After a failure nothing
 * runs, except from the callback of a `call-anyway` group on: members that never ran have failed as well.
 */
export function evaluateTree(spec: TreeSpec, evaluation: Evaluation): TreeEnd {
  return evaluate(spec, [], evaluation, [])
}

/** @param inputs undefined when the step before it has failed */
function evaluate(
  spec: TreeSpec,
  inputs: readonly string[] | undefined,
  evaluation: Evaluation,
  errors: string[],
): TreeEnd {
  if (spec.kind === 'chain') return evaluateChain(spec, inputs, evaluation, errors)
  if (spec.kind === 'group') {
    const ends = spec.members.map((member) => evaluate(member, inputs, evaluation, errors))
    return { shape: shapeOfGroup(ends), ends: ends.flatMap((end) => end.ends) }
  }
  if (inputs === undefined) {
    evaluation.neverRuns(spec)
    return { shape: undefined, ends: [UPSTREAM] }
  }
  const end = evaluation.run(spec, inputs)
  if (end.kind === 'failed') errors.push(end.error)
  return { shape: shapeOfEnd(spec, end), ends: [end] }
}

function evaluateChain(
  spec: Extract<TreeSpec, { kind: 'chain' }>,
  inputs: readonly string[] | undefined,
  evaluation: Evaluation,
  outer: string[],
): TreeEnd {
  const errors: string[] = []
  let carried = inputs
  let isAfterGroup = false
  let end: TreeEnd = { shape: { value: [] }, ends: [] }
  spec.steps.forEach((step, index) => {
    if (isEmptyTree(step)) {
      carried = carried && []
      isAfterGroup = false
      end = { shape: carried && { value: shapeOfEmpty(step) }, ends: end.ends.map(withoutValues) }
      return
    }
    if (isAfterGroup && headOf(step).immutable) carried = carried && []
    end = evaluate(step, carried, evaluation, errors)
    carried = passedBy(step, end, callsAnyway(step, spec.steps[index + 1]))
    isAfterGroup = lastOf(step).kind === 'group'
  })
  if (spec.onError !== undefined) evaluation.onError(spec.onError, errors)
  outer.push(...errors)
  return end
}

/**
 * What a step passes on: the results of its end unless that is immutable, or those of all its ends that succeeded; undefined when
 * nothing may run after it.
 */
function passedBy(step: TreeSpec, { ends }: TreeEnd, failuresPass: boolean): readonly string[] | undefined {
  if (!failuresPass && ends.some((one) => one.kind === 'failed')) return undefined
  const last = lastOf(step)
  if (last.kind === 'task' && last.immutable) return []
  return ends.flatMap((one) => (one.kind === 'values' ? one.values : []))
}

/** A policy belongs to a chord: a group and the step right after it. */
function callsAnyway(step: TreeSpec, next: TreeSpec | undefined): boolean {
  return (
    step.kind === 'group' &&
    step.onMemberFailure === 'call-anyway' &&
    next !== undefined &&
    !isEmptyTree(next)
  )
}

function withoutValues(end: TaskEnd): TaskEnd {
  return end.kind === 'failed' ? end : { kind: 'values', values: [] }
}

function lastOf(spec: TreeSpec): TreeSpec {
  const last = spec.kind === 'chain' ? spec.steps.findLast((step) => !isEmptyTree(step)) : undefined
  return last === undefined ? spec : lastOf(last)
}

/** The first task of a step that begins with one; of a group any, since a group never follows a group. */
function headOf(spec: TreeSpec): TaskSpec {
  if (spec.kind === 'task') return spec
  const first = (spec.kind === 'group' ? spec.members : spec.steps).find((part) => !isEmptyTree(part))
  return headOf(first as TreeSpec)
}

function shapeOfEnd(spec: TaskSpec, end: TaskEnd): TreeEnd['shape'] {
  if (end.kind === 'failed') return undefined
  return { value: spec.results === 2 ? end.values : end.values[0] }
}

function shapeOfGroup(ends: readonly TreeEnd[]): TreeEnd['shape'] {
  const values = ends.map((end) => end.shape)
  return values.every((value) => value !== undefined)
    ? { value: values.map((value) => value.value) }
    : undefined
}

function shapeOfEmpty(spec: TreeSpec): Shape {
  if (spec.kind === 'group') return spec.members.map(shapeOfEmpty)
  const last = spec.kind === 'chain' ? spec.steps.at(-1) : undefined
  return last === undefined ? [] : shapeOfEmpty(last)
}
