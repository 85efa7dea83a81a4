import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errorText, MachineryError } from '../core/errors.ts'
import type { Server } from '../app/create-server.ts'
import type { WorkerOptions } from '../worker/worker-options.ts'
import { taskDefinition, type AnyTask } from '../task/task-definition.ts'

/** What a module gives to the command line. */
export interface Entry {
  readonly tasks: readonly AnyTask[]
  /** Called with the server before a worker claims anything: here schedules are made. */
  readonly setup: ((server: Server) => unknown) | undefined
  /** Hooks and middleware, and what else only code can say. */
  readonly workerOptions: WorkerOptions
}

/**
 * Imports a module of tasks: every export that is a task, or an array of tasks, counts. Contracts without a handler are for
 * senders, and are passed over.
 * @param entry a path, from the working directory on
 * @throws `ERR_OPTION_INVALID` when it cannot be imported, or exports no task
 */
export async function loadEntry(entry: string): Promise<Entry> {
  const exported = await importEntry(entry)
  const tasks = new Set(Object.values(exported).flatMap(tasksOf))
  const setup = optional(entry, exported, 'setup', isFunction)
  const workerOptions = optional(entry, exported, 'workerOptions', isObject) ?? {}
  if (tasks.size === 0) {
    const names = Object.keys(exported).join(', ') || 'nothing'
    const text = `${entry} exports no task (it exports ${names}); export const add = task('add', …) is right`
    throw new MachineryError('ERR_OPTION_INVALID', text)
  }
  return { tasks: [...tasks], setup, workerOptions }
}

async function importEntry(entry: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(entry)
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    const isMissing = hasCode(cause, 'ERR_MODULE_NOT_FOUND') && errorText(cause).includes(`'${path}'`)
    const text = isMissing
      ? `${entry} cannot be loaded: there is no such file; the path of a module such as ./tasks.ts is right`
      : `${entry} cannot be loaded: ${errorText(cause)}${placeOf(cause)}`
    throw new MachineryError('ERR_OPTION_INVALID', text, { cause })
  }
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}

/** The first place of the stack that is a file of the user. */
function placeOf(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : ''
  const place = stack.split('\n').find((line) => /\((?:file:|\/)|at (?:file:|\/)|^file:/.test(line))
  return place === undefined ? '' : ` (${place.trim()})`
}

function tasksOf(value: unknown): readonly AnyTask[] {
  if (Array.isArray(value)) return value.flatMap(tasksOf)
  return isTask(value) && value[taskDefinition].handler !== undefined ? [value] : []
}

function isTask(value: unknown): value is AnyTask {
  return (typeof value === 'function' || isObject(value)) && taskDefinition in value
}

type Guard<T> = (value: unknown) => value is T

function optional<T>(
  entry: string,
  exported: Readonly<Record<string, unknown>>,
  name: string,
  is: Guard<T>,
): T | undefined {
  const value = exported[name]
  if (value === undefined || isTask(value)) return undefined
  if (is(value)) return value
  const right = name === 'setup' ? 'a function that takes the server' : 'an object of options'
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `${entry} exports ${name}, which is ${typeof value}; ${right} is right`,
  )
}

const isFunction = (value: unknown): value is (server: Server) => unknown => typeof value === 'function'
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
