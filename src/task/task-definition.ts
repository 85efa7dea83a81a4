import type { ArgType } from '../core/arg-types/index.ts'
import { MachineryError } from '../core/errors.ts'
import { optionError } from './option-error.ts'
import type { TaskOptions } from './task-options.ts'

/** The property of a handle under which its definition is found. */
export const taskDefinition: unique symbol = Symbol.for('machinery-ts.task')

/** A handler as the worker calls it. */
export type Handler = (...args: unknown[]) => unknown

/** What a contract says about arguments and results. */
export interface DeclaredTypes {
  readonly args: readonly ArgType<unknown>[]
  /** Type of any number of further arguments. */
  readonly rest: ArgType<unknown> | undefined
  /** One entry per result. */
  readonly returns: readonly ArgType<unknown>[]
}

/** All that the sender and the worker need to know about a task. */
export interface TaskDefinition {
  readonly name: string
  /** Undefined for a contract: it can be sent, not run. */
  readonly handler: Handler | undefined
  readonly options: TaskOptions
  /** Undefined where types are inferred from the values. */
  readonly declared: DeclaredTypes | undefined
}

/** A handle of any task or contract. */
export interface AnyTask {
  readonly taskName: string
  readonly options: TaskOptions
  readonly [taskDefinition]: TaskDefinition
}

/**
 * The definition behind a handle.
 * @throws `ERR_OPTION_INVALID` when `handle` was not made by `task()` or `contract()`.
 */
export function definitionOf(handle: AnyTask): TaskDefinition {
  // Plain JavaScript passes anything here, a bare handler above all.
  const definition = (handle as AnyTask | null | undefined)?.[taskDefinition]
  if (definition !== undefined) return definition
  throw optionError('task', handle, 'what task() or contract().implement() returned')
}

const TASK_NAME = /^[A-Za-z0-9_.:-]{1,128}$/

/**
 * Checks the name and the handler of a task that runs here.
 * @throws `ERR_OPTION_INVALID`
 */
export function checkRunnable(name: unknown, handler: unknown): void {
  if (typeof name !== 'string' || !TASK_NAME.test(name)) {
    throw optionError('task name', name, 'a text of 1 to 128 letters, digits and _ . : -')
  }
  // Go Machinery's text (spec: go-core 4.3).
  if (typeof handler !== 'function') {
    throw new MachineryError('ERR_OPTION_INVALID', 'Task must be a func type', { details: { task: name } })
  }
}

const FOREIGN_NAME = /^[^\p{Cc}]{1,256}$/u

/**
 * Checks the name of a task that may run elsewhere: Go allows more names than we do.
 * @throws `ERR_OPTION_INVALID`
 */
export function checkForeignName(name: unknown): void {
  if (typeof name === 'string' && FOREIGN_NAME.test(name)) return
  throw optionError('task name', name, 'a text of 1 to 256 characters without control characters')
}
