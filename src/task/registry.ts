import { MachineryError } from '../core/errors.ts'
import { definitionOf, type AnyTask, type TaskDefinition } from './task-definition.ts'

/** A task that can run. */
export type RunnableTask = TaskDefinition & { readonly handler: NonNullable<TaskDefinition['handler']> }

/** The tasks that a server knows, by name. */
export interface Registry {
  /**
   * Adds tasks, all or none. The same handle may come again.
   * @throws `ERR_TASK_DUPLICATE` when another task has the name, `ERR_OPTION_INVALID` for a contract without handler or
   * anything that is not a task.
   */
  register(tasks: readonly AnyTask[]): void
  get(name: string): RunnableTask | undefined
  /** In the order of registration. */
  names(): readonly string[]
}

/** An empty registry. */
export function createRegistry(): Registry {
  const known = new Map<string, RunnableTask>()
  return {
    register(tasks) {
      const added = new Map<string, RunnableTask>()
      for (const handle of tasks) {
        const definition = runnable(definitionOf(handle))
        const other = known.get(definition.name) ?? added.get(definition.name)
        if (other !== undefined && other !== definition) throw duplicate(definition.name)
        added.set(definition.name, definition)
      }
      for (const [name, definition] of added) known.set(name, definition)
    },
    get: (name) => known.get(name),
    names: () => [...known.keys()],
  }
}

function runnable(definition: TaskDefinition): RunnableTask {
  if (definition.handler !== undefined) return definition as RunnableTask
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `contract ${definition.name} has no handler; the task that its implement() returns is right`,
    { details: { task: definition.name } },
  )
}

function duplicate(name: string): MachineryError {
  return new MachineryError(
    'ERR_TASK_DUPLICATE',
    `another task is registered as ${name}; a name of its own is right`,
    {
      details: { task: name },
    },
  )
}
