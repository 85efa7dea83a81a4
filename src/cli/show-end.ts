import { isMachineryError } from '../core/errors.ts'
import { isTerminal, type TaskState } from '../core/task-state.ts'
import type { AsyncResult, WaitOptions } from '../server/async-result.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { stateView, valuesText, valueView } from './message-view.ts'
import type { Output } from './output.ts'

/** Waits until the task has ended, and shows how. @throws what the wait throws, but for a time that ran out */
export async function showEnd(
  output: Output,
  result: AsyncResult<unknown>,
  options: WaitOptions,
): Promise<ExitCode> {
  let last: TaskState | undefined
  try {
    for await (const state of result.watch(options)) last = state
  } catch (error) {
    if (!isMachineryError(error, 'ERR_WAIT_TIMEOUT')) throw error
    output.problem(error.message)
    return EXIT.no
  }
  return last === undefined ? EXIT.no : showState(output, last)
}

/** Shows a state: of a task that has ended its results or its error. */
export async function showState(output: Output, state: TaskState): Promise<ExitCode> {
  const isDone = state.state === 'SUCCESS'
  if (!output.isTable && !output.quiet) await output.one(stateView(state))
  else if (isDone) await output.text(valuesText(state.results.map(valueView)))
  else output.problem(isTerminal(state.state) ? state.error : `it has not ended: ${state.state}`)
  return isDone ? EXIT.ok : EXIT.no
}
