import { MachineryError } from '../core/errors.ts'
import type { AnyTask } from '../task/task-definition.ts'
import type { Signature } from '../task/signature.ts'
import { group } from './group.ts'
import type { GroupOf } from './workflow-types.ts'

/** A task that can be called with one argument. */
type OneArgument<I, R> = AnyTask & ((input: I) => Signature<[], R>)

/**
 * A group of one run per input: `map(resize, urls)`.
 * @throws as `group`, and what the call of the task throws.
 */
export function map<I, R>(task: OneArgument<I, R>, inputs: readonly I[]): GroupOf<Signature<[], R>[]> {
  return group(inputs.map((input) => task(input)))
}

/**
 * A group of one run per `size` inputs, each run getting an array of them: `chunks(insertRows, rows, 500)`.
 * @throws `ERR_OPTION_INVALID` unless `size` is a whole number above 0; as `map`.
 */
export function chunks<I, R>(
  task: OneArgument<I[], R>,
  inputs: readonly I[],
  size: number,
): GroupOf<Signature<[], R>[]> {
  if (!Number.isInteger(size) || size < 1) {
    throw new MachineryError('ERR_OPTION_INVALID', `chunks: size is ${size}; a whole number above 0 is right`)
  }
  const parts = Array.from({ length: Math.ceil(inputs.length / size) }, (_, index) =>
    inputs.slice(index * size, (index + 1) * size),
  )
  return group(parts.map((part) => task(part)))
}
