import { errorText, MachineryError } from '../core/errors.ts'
import { decodeArguments } from './decode-arguments.ts'
import { shown } from './option-error.ts'
import { signatureDataOf } from './signature-data.ts'
import { issuesText, type SchemaResult } from './standard-schema.ts'
import type { TaskDefinition } from './task-definition.ts'

/**
 * The arguments as the task's schema makes them; as they are without a schema. A promise only where the schema answers
 * with one.
 * @throws `ERR_ARGUMENTS_INVALID` with every issue and its path.
 */
export function validateArguments(task: TaskDefinition, values: unknown[]): unknown[] | Promise<unknown[]> {
  const { schema } = task.options
  if (schema === undefined) return values
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>
  try {
    result = schema['~standard'].validate(values)
  } catch (cause) {
    throw schemaThrew(task, cause)
  }
  if (!(result instanceof Promise)) return validated(task, result)
  return result.then(
    (settled) => validated(task, settled),
    (cause: unknown) => {
      throw schemaThrew(task, cause)
    },
  )
}

/**
 * Validates what a signature is about to send, as the worker will see it. For signatures that get no further arguments
 * from a previous step. Undefined when it is valid already, a promise where the schema answers with one.
 * @throws `ERR_ARGUMENTS_INVALID` with every issue and its path.
 */
export function validateBeforeSend(signature: unknown): Promise<void> | undefined {
  const { definition, args } = signatureDataOf(signature)
  if (definition?.options.schema === undefined) return undefined
  const result = validateArguments(definition, decodeArguments(definition, args))
  return result instanceof Promise ? result.then(() => undefined) : undefined
}

function validated(task: TaskDefinition, result: SchemaResult<unknown>): unknown[] {
  if (result.issues !== undefined) throw invalid(task, issuesText(result.issues), result.issues)
  if (Array.isArray(result.value)) return result.value
  throw invalid(task, `the schema made ${shown(result.value)} of them; a tuple is right`)
}

function schemaThrew(task: TaskDefinition, cause: unknown): MachineryError {
  return invalid(task, `the schema threw: ${errorText(cause)}`, undefined, cause)
}

function invalid(task: TaskDefinition, problem: string, issues?: unknown, cause?: unknown): MachineryError {
  return new MachineryError('ERR_ARGUMENTS_INVALID', `arguments of task ${task.name}: ${problem}`, {
    cause,
    details: { task: task.name, ...(issues === undefined ? {} : { issues }) },
  })
}
