import { argTypeOf, decodeArg, inferArg, json, type ArgType } from '../core/arg-types/index.ts'
import { errorText, MachineryError } from '../core/errors.ts'
import type { TaskResult } from '../core/message.ts'
import { shown } from './option-error.ts'
import { isResults } from './results.ts'
import type { TaskDefinition } from './task-definition.ts'

/**
 * What a handler returned, as results on the wire: none for undefined, several for `results(…)`, otherwise one. A contract
 * fixes their number and types; one without `returns` has no result, whatever the handler returned.
 * @throws `ERR_RESULT_INVALID` naming the task, the value and the type.
 */
export function encodeResult(task: TaskDefinition, returned: unknown): readonly TaskResult[] {
  if (task.declared !== undefined) return encodeDeclared(task, task.declared.returns, returned)
  if (returned === undefined) return []
  if (!isResults(returned)) return [infer(task, returned)]
  return returned.values.map((value) => infer(task, value))
}

function encodeDeclared(
  task: TaskDefinition,
  types: readonly ArgType<unknown>[],
  returned: unknown,
): TaskResult[] {
  if (types.length === 0) return []
  const values = isResults(returned) ? returned.values : [returned]
  if (values.length !== types.length) {
    const wanted = types.length === 1 ? 'one result' : `results() of ${types.length} values`
    throw resultError(
      task,
      `returned ${values.length === 1 ? shown(returned) : `${values.length} results`}; ${wanted} is right`,
    )
  }
  return types.map((type, index) => encodeOne(task, type, values[index]))
}

function encodeOne(task: TaskDefinition, type: ArgType<unknown>, value: unknown): TaskResult {
  try {
    return { type: type.typeName, value: type.encode(value) }
  } catch (cause) {
    throw resultError(
      task,
      `returned ${shown(value)}; its type is ${type.typeName}: ${errorText(cause)}`,
      cause,
    )
  }
}

function infer(task: TaskDefinition, value: unknown): TaskResult {
  try {
    return inferArg(value)
  } catch (cause) {
    throw resultError(task, `returned ${shown(value)}: ${errorText(cause)}`, cause)
  }
}

/**
 * Results as `get()` gives them: undefined for none, the value for one, an array for several. Types that a contract
 * declares are read by the contract, others by the name they carry; a type that only Go knows is read as plain JSON.
 * @throws `ERR_DECODE` when a value does not fit its type.
 */
export function decodeResults(task: TaskDefinition | undefined, stored: readonly TaskResult[]): unknown {
  const values = stored.map((result, index) => decodeOne(task?.declared?.returns[index], result))
  return values.length > 1 ? values : values[0]
}

function decodeOne(declared: ArgType<unknown> | undefined, stored: TaskResult): unknown {
  if (declared?.typeName === stored.type) return declared.decode(stored.value)
  return argTypeOf(stored.type) === undefined ? json.decode(stored.value) : decodeArg(stored)
}

function resultError(task: TaskDefinition, problem: string, cause?: unknown): MachineryError {
  return new MachineryError('ERR_RESULT_INVALID', `task ${task.name} ${problem}`, {
    cause,
    details: { task: task.name },
  })
}
