import type { ArgType } from '../core/arg-types/index.ts'
import { settleTaskOptions } from './check-task-options.ts'
import { optionError, refuseUnknownKeys } from './option-error.ts'
import type { Results } from './results.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { Args } from './step.ts'
import { checkForeignName, checkRunnable, type DeclaredTypes, type Handler } from './task-definition.ts'
import { makeHandle, type Task } from './task-handle.ts'
import type { TaskOptions } from './task-options.ts'

/** The types of a task's arguments and results on the wire. */
export interface ContractSpec {
  readonly args: readonly ArgType<unknown>[]
  /** Type of any number of further arguments. */
  readonly rest?: ArgType<unknown>
  /** One type for one result, an array of two or more for several; without it there is none. */
  readonly returns?: ArgType<unknown> | readonly [ArgType<unknown>, ArgType<unknown>, ...ArgType<unknown>[]]
}

type Values<A extends readonly ArgType<unknown>[]> = {
  -readonly [I in keyof A]: A[I] extends ArgType<infer T> ? T : never
}

type SpecArgs<S extends ContractSpec> = S extends { rest: ArgType<infer T> }
  ? [...Values<S['args']>, ...T[]]
  : Values<S['args']>

type SpecReturns<R> =
  R extends ArgType<infer T> ? T : R extends readonly ArgType<unknown>[] ? Results<Readonly<Values<R>>> : void

/** A task without a handler: what a sender needs to know of a task that runs elsewhere, perhaps in Go. */
export interface Contract<P extends Args, R> extends Task<P, R> {
  /**
   * The task that keeps this contract. The handler gets exactly the declared arguments, as in Go.
   * @throws `ERR_OPTION_INVALID` as `task()` does.
   */
  implement(
    handler: (...args: P) => R | Promise<R>,
    options?: TaskOptions & { readonly schema?: StandardSchema<unknown, P> },
  ): Task<P, R>
}

/**
 * Declares a task by its types on the wire: `contract('add', { args: [], rest: int64, returns: int64 })`.
 * @throws `ERR_OPTION_INVALID` when the name is empty, longer than 256 characters or has control characters, or when the
 * spec has anything but argument types.
 */
export function contract<const S extends ContractSpec>(
  name: string,
  spec: S,
): Contract<SpecArgs<S>, SpecReturns<S['returns']>>
export function contract(name: string, spec: ContractSpec): unknown {
  checkForeignName(name)
  const declared = declaredTypes(spec)
  const handle = makeHandle({ name, handler: undefined, options: Object.freeze({}), declared })
  return Object.assign(handle, {
    implement(handler: unknown, options: TaskOptions = {}) {
      checkRunnable(name, handler)
      return makeHandle({
        name,
        handler: handler as Handler,
        options: settleTaskOptions(name, options),
        declared,
      })
    },
  })
}

function declaredTypes(spec: ContractSpec): DeclaredTypes {
  if (typeof spec !== 'object' || spec === null)
    throw optionError('contract', spec, '{ args, rest?, returns? }')
  refuseUnknownKeys('a contract', spec, ['args', 'rest', 'returns'])
  const { args, rest, returns } = spec
  if (!Array.isArray(args)) throw optionError('args', args, 'an array of argument types')
  if (Array.isArray(returns) && returns.length < 2) {
    throw optionError(
      'returns',
      returns,
      'the type itself for one result, two or more for several, nothing for none,',
    )
  }
  const results = returns === undefined ? [] : [returns].flat()
  for (const [index, type] of args.entries()) checkArgType(type, `args[${index}]`)
  if (rest !== undefined) checkArgType(rest, 'rest')
  for (const [index, type] of results.entries()) checkArgType(type, `returns[${index}]`)
  return { args: [...args], rest, returns: results }
}

function checkArgType(value: unknown, option: string): void {
  const type = value as Partial<ArgType<unknown>> | null | undefined
  if (typeof type?.typeName === 'string' && typeof type.encode === 'function') return
  throw optionError(option, value, 'an argument type such as int64')
}
