import { abortReason } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import { isTerminal, type TaskState } from '../core/task-state.ts'
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

/** The handle of one sent task. Not thenable: `await server.send(…)` waits for the send, `await result.get()` for the result. */
export interface AsyncResult<T> {
  readonly uuid: string
  /**
   * The stored state now; undefined when none is stored.
   * @throws `ERR_BACKEND_REQUIRED` without a result backend, or for a task sent with `noResult`.
   */
  state(): Promise<TaskState | undefined>
  /**
   * The result, as soon as the task has ended.
   * @throws `ERR_TASK_FAILED` with the stored text; `ERR_TASK_CANCELLED`; `ERR_WAIT_TIMEOUT`; `ERR_RESULT_EXPIRED` when the state
   * of a task that was stored is gone; `ERR_BACKEND_REQUIRED`; the signal's reason.
   */
  get(options?: WaitOptions): Promise<T>
  /** Every state that was seen, until a terminal one; states that pass between two looks are not shown. */
  watch(options?: WaitOptions): AsyncIterable<TaskState>
  /**
   * Ends the task in FAILURE `cancelled: <reason>` if it has not begun: it will not run. Resolves to whether it was in time.
   * @throws `ERR_BACKEND_REQUIRED`.
   */
  cancel(reason?: string): Promise<boolean>
}

/** What an AsyncResult is made of. */
export interface ResultSource<T> {
  readonly uuid: string
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
    cancel: async (reason = 'by the sender') => {
      const backend = requireBackend(source)
      const [outcome] = await backend.tasks.fail([
        {
          uuid: source.uuid,
          taskName: '',
          error: CANCELLED + reason,
          createdAt: nowRfc3339(source.runtime.clock.now()),
          expiresInMs: source.runtime.resultsExpireInMs,
          over: ['PENDING', 'RECEIVED', 'RETRY'],
        },
      ])
      return outcome === 'written'
    },
  }
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
      if (source.stored)
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
  const { timeoutMs } = options
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
