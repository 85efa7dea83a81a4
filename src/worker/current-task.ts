import { AsyncLocalStorage } from 'node:async_hooks'
import { MachineryError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Message } from '../core/message.ts'
import type { TaskProgress } from '../server/progress.ts'

/** What a handler can know and do about the run it is in. */
export interface CurrentTask {
  readonly uuid: string
  readonly name: string
  readonly queue: string
  /** 1-based number of this try: retries and redeliveries count. */
  readonly attempt: number
  /** The message as it was received. */
  readonly message: Message
  /** Header values that are strings. */
  readonly headers: ReadonlyMap<string, string>
  /**
   * Aborted when the handler should end early: soft limit, hard limit, shutdown after the grace time, a lost lease, or a task that was
   * cancelled. The reason is a `MachineryError` with `ERR_TASK_TIMEOUT`, `ERR_CLOSED`, `ERR_LEASE_LOST` or `ERR_TASK_CANCELLED`.
   */
  readonly signal: AbortSignal
  /** Epoch ms at which the hard limit ends the run; undefined without one. */
  readonly deadlineAt: number | undefined
  /** The same for every run of the task: makes side effects idempotent (a unique key, a conditional write). */
  readonly idempotencyKey: string
  /** Names this run alone; a later run of the same task has another one. */
  readonly fence: string
  /** A logger with uuid, task, queue and attempt in every line. */
  readonly logger: Logger
  /**
   * Makes the lease of the message last at least `ms` from now.
   * @throws `ERR_UNSUPPORTED` where the broker has no leases to extend; `ERR_LEASE_LOST`.
   */
  extend(ms: number): Promise<void>
  /**
   * Tells how far the task is, for `AsyncResult.progress()`. Returns at once; the newest value of each task is stored, at most once a
   * second, and kept as long as a result. A report that cannot be stored is no error.
   * @throws `ERR_OPTION_INVALID` for anything but a number from 0 to 1, or an object that is JSON of at most 4 KiB;
   * `ERR_BACKEND_REQUIRED`; `ERR_UNSUPPORTED` where the result backend has no control store.
   */
  progress(value: TaskProgress): void
}

/** The context of one worker's handlers. */
export const taskContext: AsyncLocalStorage<CurrentTask> = new AsyncLocalStorage<CurrentTask>()

/**
 * The task that runs now, from inside its handler or anything it awaits.
 * @throws `ERR_NO_CURRENT_TASK` outside of a handler.
 */
export function currentTask(): CurrentTask {
  const current = taskContext.getStore()
  if (current === undefined) {
    throw new MachineryError(
      'ERR_NO_CURRENT_TASK',
      'currentTask() was called outside of a handler that a worker runs',
    )
  }
  return current
}
