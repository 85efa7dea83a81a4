import { inferArg, type ArgType } from '../core/arg-types/index.ts'
import { errorText, MachineryError } from '../core/errors.ts'
import type { Arg } from '../core/message.ts'
import { shown } from './option-error.ts'
import type { DeclaredTypes } from './task-definition.ts'

/**
 * An argument whose type follows from its value.
 * @throws `ERR_ARGUMENTS_INVALID` naming the position and the value.
 */
export function inferArgument(taskName: string, index: number, value: unknown): Arg {
  try {
    const { type, value: text } = inferArg(value)
    return { name: '', type, value: text }
  } catch (cause) {
    throw argumentError(taskName, index, `is ${shown(value)}: ${errorText(cause)}`, cause)
  }
}

/**
 * Arguments of the types that a contract declares; fewer than declared are allowed, since a previous step may supply them.
 * @throws `ERR_ARGUMENTS_INVALID` naming the position, the value and the type.
 */
export function encodeDeclared(
  taskName: string,
  declared: DeclaredTypes,
  values: readonly unknown[],
): readonly Arg[] {
  return values.map((value, index) => {
    const type = declared.args[index] ?? declared.rest
    if (type === undefined) throw tooMany(taskName, declared.args.length, values.length)
    return encodeArgument(taskName, index, type, value)
  })
}

/** @throws `ERR_ARGUMENTS_INVALID` naming the position, the value and the type. */
export function encodeArgument(taskName: string, index: number, type: ArgType<unknown>, value: unknown): Arg {
  try {
    return { name: '', type: type.typeName, value: type.encode(value) }
  } catch (cause) {
    const problem = `is ${shown(value)}; its type is ${type.typeName}: ${errorText(cause)}`
    throw argumentError(taskName, index, problem, cause)
  }
}

function tooMany(taskName: string, declared: number, given: number): MachineryError {
  return new MachineryError(
    'ERR_ARGUMENTS_INVALID',
    `task ${taskName} takes ${declared} arguments; ${given} are given`,
    {
      details: { task: taskName },
    },
  )
}

function argumentError(taskName: string, index: number, problem: string, cause: unknown): MachineryError {
  return new MachineryError('ERR_ARGUMENTS_INVALID', `argument ${index + 1} of task ${taskName} ${problem}`, {
    cause,
    details: { task: taskName, index },
  })
}
