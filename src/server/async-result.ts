import { abortReason } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { FailWrite } from '../core/ports/backend.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import { isTerminal, type TaskState } from '../core/task-state.ts'
import { readProgress, type TaskProgress } from './progress.ts'
import type { ResultWaiter } from './result-waiter.ts'
import type { Runtime } from './runtime.ts'

/** Options of every wait. */
export interface WaitOptions {
  /** Longest wait in ms; without it the wait has no end of its own. */
  readonly timeoutMs?: number
  /** Aborts the wait, not the task. */
  readonly signal?: AbortSignal
}

/** Start of the error text of a task that was cancelled. */
export const CANCELLED = 'cancelled: '

/** States of tasks that have not begun, or have decided to run again. */
const NOT_BEGUN = ['PENDING', 'RECEIVED', 'RETRY'] as const
/** States of tasks that have not ended. */
export const NOT_ENDED: FailWrite['over'] = [...NOT_BEGUN, 'STARTED']

/** States written at once. */
const CANCEL_CHUNK = 500

/** One task of what was sent, and its state now; undefined while none is stored: a later step has none before its turn. */
export interface StepState {
  readonly uuid: string
  readonly taskName: string
  readonly state: TaskState | undefined
}

/** The handle of one sent task, or of a whole workflow. Not thenable: `await server.send(…)` waits for the send, `await result.get()` for the result. */
export interface AsyncResult<T> {
  readonly uuid: string
  /**
   * The stored state now; undefined when none is stored. Of a workflow: that of its last task; of a group: that of the member that
   * decides, a failed one first, then one that has not ended.
   * @throws `ERR_BACKEND_REQUIRED` without a result backend, or for a task sent with `noResult`.
   */
  state(): Promise<TaskState | undefined>
  /**
   * The result, as soon as the task has ended.
   * @throws `ERR_TASK_FAILED` with the stored text; `ERR_TASK_CANCELLED`; `ERR_WAIT_TIMEOUT`; `ERR_RESULT_EXPIRED` when the state
   * of a task that was stored is gone; `ERR_BACKEND_REQUIRED`; the signal's reason.
   */
  get(options?: WaitOptions): Promise<T>
  /**
   * Every state that was seen, until a terminal one; states that pass between two looks are not shown. Of a workflow: of all its
   * tasks, until all have ended.
   */
  watch(options?: WaitOptions): AsyncIterable<TaskState>
  /**
   * The states of all its tasks, in order, error callbacks left out.
   * @throws `ERR_BACKEND_REQUIRED`.
   */
  steps(): Promise<readonly StepState[]>
  /**
   * What its handler told last with `currentTask().progress`; undefined before that. Of a workflow: that of the last of its tasks
   * that told any.
   * @throws `ERR_BACKEND_REQUIRED`; `ERR_UNSUPPORTED` where the result backend has no control store.
   */
  progress(): Promise<TaskProgress | undefined>
  /**
   * Ends the task, every task of a workflow, in FAILURE `cancelled: <reason>` unless it has ended. Resolves to whether it was in
   * time, for at least one. One that has not begun will not run. The signal of one that runs is aborted within about a second, with
   * `ERR_TASK_CANCELLED`; what its handler answers does not count, whether it listens or not, and it is not retried. Workers in Go do
   * not look: what they answer replaces the FAILURE.
   * @throws `ERR_BACKEND_REQUIRED`.
   */
  cancel(reason?: string): Promise<boolean>
}

/** @throws `ERR_OPTION_INVALID` unless it is a number of ms from 0, or undefined. */
export function checkTimeoutMs(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || timeoutMs >= 0) return
  throw new MachineryError('ERR_OPTION_INVALID', `timeoutMs is ${timeoutMs}; a number of ms from 0 is right`)
}

/** What an AsyncResult is made of. */
export interface ResultSource<T> {
  readonly uuid: string
  /** Empty when it is not known. */
  readonly taskName: string
  readonly runtime: Runtime
  readonly waiter: ResultWaiter
  /** Whether the state was stored by the send: then its absence means that it expired. */
  readonly stored: boolean
  /** Why there is no result to wait for, if there is none. */
  readonly unavailable: string | undefined
  readonly decode: (state: TaskState) => T
}

/** Makes the handle. */
export function asyncResult<T>(source: ResultSource<T>): AsyncResult<T> {
  return {
    uuid: source.uuid,
    state: async () => {
      const backend = requireBackend(source)
      const [state] = await backend.tasks.get([source.uuid])
      return state
    },
    get: async (options = {}) => {
      let last: TaskState | undefined
      for await (const state of states(source, options)) last = state
      if (last?.state !== 'SUCCESS') throw failure(last as TaskState)
      return source.decode(last)
    },
    watch: (options = {}) => states(source, options),
    steps: async () => {
      const [state] = await requireBackend(source).tasks.get([source.uuid])
      return [{ uuid: source.uuid, taskName: state?.taskName ?? source.taskName, state }]
    },
    progress: async () => {
      requireBackend(source)
      return (await readProgress(source.runtime, [source.uuid]))[0]
    },
    cancel: async (reason = 'by the sender') => {
      requireBackend(source)
      return (await cancelTasks(source.runtime, [source], CANCELLED + reason, NOT_ENDED)) > 0
    },
  }
}

/** FAILURE for those of the tasks whose state is one of `over`, or that have none. Answers how many. */
export async function cancelTasks(
  runtime: Runtime,
  tasks: readonly { readonly uuid: string; readonly taskName: string }[],
  error: string,
  over: FailWrite['over'] = NOT_BEGUN,
): Promise<number> {
  const createdAt = nowRfc3339(runtime.clock.now())
  let cancelled = 0
  for (let start = 0; start < tasks.length; start += CANCEL_CHUNK) {
    const writes = tasks.slice(start, start + CANCEL_CHUNK).map(({ uuid, taskName }) => ({
      uuid,
      taskName,
      error,
      createdAt,
      expiresInMs: runtime.resultsExpireInMs,
      over,
    }))
    const outcomes = (await runtime.backend?.tasks.fail(writes)) ?? []
    cancelled += outcomes.filter((outcome) => outcome === 'written').length
  }
  return cancelled
}

/** The error of a task that ended in FAILURE, rebuilt from its stored text. */
export function failure(state: TaskState): MachineryError {
  const code = state.error.startsWith(CANCELLED) ? 'ERR_TASK_CANCELLED' : 'ERR_TASK_FAILED'
  return new MachineryError(code, state.error, { details: { uuid: state.uuid, taskName: state.taskName } })
}

function requireBackend(source: ResultSource<unknown>): NonNullable<Runtime['backend']> {
  if (source.runtime.backend === undefined || source.unavailable !== undefined) {
    throw new MachineryError('ERR_BACKEND_REQUIRED', source.unavailable ?? 'Result backend not configured', {
      details: { uuid: source.uuid },
    })
  }
  return source.runtime.backend
}

async function* states(source: ResultSource<unknown>, options: WaitOptions): AsyncGenerator<TaskState> {
  requireBackend(source)
  const { timeoutMs } = options
  checkTimeoutMs(timeoutMs)
  if (options.signal?.aborted === true) throw abortReason(options.signal)
  const { uuid, runtime } = source
  const seen: TaskState[] = []
  let last = ''
  let ended: Error | undefined
  let wake: () => void = () => {}
  const end = (error: Error): void => {
    ended ??= error
    wake()
  }
  const onState = (state: TaskState | undefined): void => {
    if (state === undefined) {
      // Stored once is stored: by the send, or since it was seen.
      if (source.stored || last !== '')
        end(
          new MachineryError(
            'ERR_RESULT_EXPIRED',
            `no state is stored for task ${uuid}: it expired or was purged`,
          ),
        )
      return
    }
    const mark = `${state.state} ${state.retryAt ?? ''} ${state.error}`
    if (mark === last) return
    last = mark
    seen.push(state)
    wake()
  }
  const onClosed = (): void =>
    end(new MachineryError('ERR_CLOSED', `the server was closed before task ${uuid} ended`))
  const stop = source.waiter.listen(uuid, { onState, onClosed })
  const onAbort = (): void => end(abortReason(options.signal as AbortSignal))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  const timer =
    timeoutMs === undefined
      ? undefined
      : runtime.clock.setTimer(
          () =>
            end(
              new MachineryError(
                'ERR_WAIT_TIMEOUT',
                `Timeout reached: task ${uuid} did not end within ${timeoutMs} ms`,
              ),
            ),
          timeoutMs,
          true,
        )
  try {
    for (;;) {
      const state = seen.shift()
      if (state !== undefined) {
        yield state
        if (isTerminal(state.state)) return
      } else if (ended !== undefined) {
        throw ended
      } else {
        await new Promise<void>((resolve) => (wake = resolve))
      }
    }
  } finally {
    stop()
    timer?.cancel()
    options.signal?.removeEventListener('abort', onAbort)
  }
}
