import type { TaskState } from '../core/task-state.ts'
import type { CompiledWorkflow, ResultShape } from '../workflow/compile-workflow.ts'
import type { AsyncResult, StepState, WaitOptions } from './async-result.ts'
import type { TaskProgress } from './progress.ts'

/** What a workflow's handle is made of: the handles of its tasks. */
export interface WorkflowResultSource {
  readonly compiled: CompiledWorkflow
  /** The handle of one task of it. */
  readonly handleOf: (uuid: string) => AsyncResult<unknown>
  /** The states of many tasks in one read. */
  readonly readStates: (uuids: readonly string[]) => Promise<readonly (TaskState | undefined)[]>
  /** What many tasks told of their progress. */
  readonly readProgress: (uuids: readonly string[]) => Promise<readonly (TaskProgress | undefined)[]>
  /** Cancels what has not ended of many tasks. Answers how many. */
  readonly cancelAll: (reason: string) => Promise<number>
}

/** The one handle of a chain, group, chord, or any tree of them. */
export function workflowResult(source: WorkflowResultSource): AsyncResult<unknown> {
  const { compiled, handleOf, readStates } = source
  const ends = endsOf(compiled.shape)
  return {
    uuid: ends[0] ?? '',
    state: async () => deciding(await readStates(ends)),
    get: (options = {}) => collect(compiled.shape, handleOf, options),
    watch: (options = {}) => merged(compiled, handleOf, options),
    steps: async () => {
      const states = await readStates(compiled.tasks.map((task) => task.uuid))
      return compiled.tasks.map((task, index): StepState => ({ ...task, state: states[index] }))
    },
    progress: async () => {
      const told = await source.readProgress(compiled.tasks.map((task) => task.uuid))
      return told.findLast((progress) => progress !== undefined)
    },
    cancel: async (reason = 'by the sender') => (await source.cancelAll(reason)) > 0,
  }
}

function endsOf(shape: ResultShape): readonly string[] {
  return shape.kind === 'task' ? [shape.uuid] : shape.members.flatMap(endsOf)
}

/** Of several ends, the state that decides: a FAILURE, else one that is not terminal, else the last. */
function deciding(states: readonly (TaskState | undefined)[]): TaskState | undefined {
  const failed = states.find((state) => state?.state === 'FAILURE')
  return failed ?? states.find((state) => state?.state !== 'SUCCESS') ?? states.at(-1)
}

/** All results in their places; the first failure ends the wait for the others. */
async function collect(
  shape: ResultShape,
  handleOf: (uuid: string) => AsyncResult<unknown>,
  options: WaitOptions,
): Promise<unknown> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal])
  const one = (part: ResultShape): Promise<unknown> =>
    part.kind === 'task'
      ? handleOf(part.uuid).get({ ...options, signal })
      : Promise.all(part.members.map((member) => one(member)))
  try {
    return await one(shape)
  } finally {
    stop.abort()
  }
}

/** Every state of every task, as it is seen. */
async function* merged(
  compiled: CompiledWorkflow,
  handleOf: (uuid: string) => AsyncResult<unknown>,
  options: WaitOptions,
): AsyncGenerator<TaskState> {
  const seen: TaskState[] = []
  let open = compiled.tasks.length
  let failed: { readonly error: unknown } | undefined
  let wake: () => void = () => {}
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal])
  const follow = async (uuid: string): Promise<void> => {
    try {
      for await (const state of handleOf(uuid).watch({ ...options, signal })) {
        seen.push(state)
        wake()
      }
    } catch (error) {
      failed ??= { error }
    }
    open -= 1
    wake()
  }
  for (const { uuid } of compiled.tasks) void follow(uuid)
  try {
    for (;;) {
      const state = seen.shift()
      if (state !== undefined) yield state
      else if (failed !== undefined) throw failed.error
      else if (open === 0) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stop.abort()
  }
}
