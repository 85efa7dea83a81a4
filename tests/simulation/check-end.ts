import type { TaskState } from '../../src/core/task-state.ts'
import { evaluateTree, type TaskEnd } from './evaluate-tree.ts'
import type { Journal } from './journal.ts'
import { argumentsDigest, readLabelledValue } from './labelled-value.ts'
import { isEmptyTree, tasksOf, type TaskSpec, type TreeSpec } from './tree.ts'
import type { Witness } from './witness.ts'

const GIVEN_UP = /^delivered \d+ times/
const UPSTREAM = /^upstream \w+ failed: /

/** What is known when a run is over. */
export interface RunEnd {
  readonly tree: TreeSpec
  readonly states: ReadonlyMap<string, TaskState | undefined>
  readonly journal: Journal
  readonly witness: Witness
  /** Whether a task may have failed because its message was delivered too often. */
  readonly givesUp: boolean
}

/**
 * Compares how every task ended with what the tree means. Results are looked up where they are stored, so each task's arguments must
 * be the stored results of the tasks before it, in order, whichever of their runs it was that won.
 */
export function checkEnd(end: RunEnd): void {
  evaluateTree(end.tree, {
    run: (task, args) => checkRun(end, task, args),
    neverRuns: (task) => checkNeverRuns(end, task),
    onError: (label, errors) => checkErrorCallback(end, label, errors),
  })
  checkWaitAll(end, end.tree)
}

function checkRun(end: RunEnd, { label, isFatal, results }: TaskSpec, args: readonly string[]): TaskEnd {
  const { states, journal, witness, givesUp } = end
  const state = states.get(label)
  const text = `${label} is ${stateText(state)}`
  if (givesUp && state?.state === 'FAILURE' && GIVEN_UP.test(state.error))
    return { kind: 'failed', error: state.error }
  if (journal.runsOf(label) === 0) witness.report('wrong end', `${text} and never ran`)
  if (isFatal) {
    const error = `${label} fails`
    if (state?.state !== 'FAILURE' || state.error !== error) witness.report('wrong end', text)
    return { kind: 'failed', error }
  }
  if (state?.state !== 'SUCCESS') {
    witness.report('wrong end', text)
    return { kind: 'failed', error: state?.error ?? '' }
  }
  const values = state.results.map((result) => JSON.parse(result.value) as string)
  const digest = argumentsDigest(args)
  const isRight = values.every((value, index) => {
    const read = readLabelledValue(value)
    return read?.label === (index === 0 ? label : `${label}_`) && read.digest === digest
  })
  if (values.length !== results || !isRight)
    witness.report(
      'wrong results or arguments',
      `${label} gave ${values.join(', ')} for ${args.join(', ')} (${digest})`,
    )
  return { kind: 'values', values }
}

function checkNeverRuns({ states, journal, witness }: RunEnd, { label }: TaskSpec): void {
  const state = states.get(label)
  if (state?.state !== 'FAILURE' || !UPSTREAM.test(state.error))
    witness.report('wrong end', `${label} is ${stateText(state)}, after something upstream failed`)
  if (journal.runsOf(label) > 0) witness.report('ran without need', label)
}

function checkErrorCallback(
  { states, journal, witness, givesUp }: RunEnd,
  label: string,
  errors: readonly string[],
): void {
  const state = states.get(label)
  if (errors.length === 0) {
    if (state !== undefined || journal.runsOf(label) > 0)
      witness.report('ran without need', `${label} is ${stateText(state)}`)
    return
  }
  if (givesUp && state?.state === 'FAILURE' && GIVEN_UP.test(state.error)) return
  if (state?.state !== 'SUCCESS') witness.report('wrong end', `${label} is ${stateText(state)}`)
  for (const text of journal.errorTexts.get(label) ?? [])
    if (!errors.includes(text))
      witness.report('wrong results or arguments', `${label} got ${JSON.stringify(text)}`)
}

/** Under `wait-all` a callback fails when all members have ended, and not before. */
function checkWaitAll(end: RunEnd, tree: TreeSpec): void {
  if (tree.kind === 'task') return
  if (tree.kind === 'group') return tree.members.forEach((member) => checkWaitAll(end, member))
  tree.steps.forEach((step, index) => {
    checkWaitAll(end, step)
    const next = tree.steps[index + 1]
    if (step.kind !== 'group' || step.onMemberFailure !== 'wait-all') return
    if (next === undefined || isEmptyTree(next)) return
    const [callback] = tasksOf(next)
    const members = tasksOf(step)
    const hasRun = members.some(({ label }) => end.journal.runsOf(label) > 0)
    if (callback === undefined || !hasRun || end.states.get(callback.label)?.state !== 'FAILURE') return
    const failedAs = end.witness.orderOf(callback.label) ?? Infinity
    for (const { label } of members)
      if ((end.witness.orderOf(label) ?? Infinity) > failedAs)
        end.witness.report('callback failed too early', `${callback.label} failed before ${label} had ended`)
  })
}

function stateText(state: TaskState | undefined): string {
  if (state === undefined) return 'not stored'
  return state.error === '' ? state.state : `${state.state} (${state.error})`
}
