import { settleTaskOptions } from './check-task-options.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { Args } from './step.ts'
import { checkRunnable, type Handler } from './task-definition.ts'
import { makeHandle, type Task } from './task-handle.ts'
import type { TaskOptions } from './task-options.ts'

/**
 * A task with its handler: `const add = task('add', (a: number, b: number) => a + b)`. The types of arguments and results
 * on the wire are inferred from the values; a task that Go runs too wants a `contract`.
 *
 * With a `schema`, senders give the schema's input and the handler gets its output.
 * @throws `ERR_OPTION_INVALID` when the name is not `^[A-Za-z0-9_.:\-]{1,128}$`, the handler is not a function
 * (`Task must be a func type`), or an option is wrong.
 */
export function task<const I extends Args, O extends Args, R>(
  name: string,
  handler: (...args: O) => R,
  options: TaskOptions & { readonly schema: StandardSchema<I, O> },
): Task<I, Awaited<R>>
export function task<P extends Args, R>(
  name: string,
  handler: (...args: P) => R,
  options?: TaskOptions & { readonly schema?: undefined },
): Task<P, Awaited<R>>
export function task(name: string, handler: unknown, options: TaskOptions = {}): unknown {
  checkRunnable(name, handler)
  return makeHandle({
    name,
    handler: handler as Handler,
    options: settleTaskOptions(name, options),
    declared: undefined,
  })
}
