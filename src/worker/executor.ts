import { errorText, MachineryError } from '../core/errors.ts'
import { isRetryIn, outcomeOf } from '../core/outcome.ts'
import type { Consumer, Delivery } from '../core/ports/broker.ts'
import { nextRetry } from '../core/retry-policy.ts'
import type { TaskState } from '../core/task-state.ts'
import { recordedOutgoing, type Runtime } from '../server/runtime.ts'
import { encodeResult } from '../task/task-result.ts'
import { callHook } from './call-hook.ts'
import type { CurrentTask } from './current-task.ts'
import {
  failureEnding,
  giveUpEnding,
  repeatEnding,
  retryEnding,
  settleEnding,
  successEnding,
  type Ending,
  type NextAttempt,
} from './ending.ts'
import { logFields, type Held } from './held.ts'
import { decide, hold, type Decision } from './intake.ts'
import { headerRetryPolicy } from './message-headers.ts'
import { missingDeadLetter } from './missing-dead-letter.ts'
import type { Pauses } from './pauses.ts'
import type { ProgressReports } from './progress-reports.ts'
import { endRun, failureOutcome } from './run-trace.ts'
import { runTask, type RunEnd, type RunOptions } from './task-run.ts'
import { unknownTaskEnd } from './unknown-task.ts'
import type { Middleware, UnknownTaskPolicy, WorkerHooks } from './worker-options.ts'

/** What the executor needs from its worker. */
export interface ExecutorOptions {
  readonly runtime: Runtime
  readonly maxDeliveries: number
  readonly unknownTask: UnknownTaskPolicy
  readonly deadLetterFailures: boolean
  readonly hooks: WorkerHooks
  readonly middleware: readonly Middleware[]
  readonly pauses: Pauses
  readonly progress: ProgressReports
  readonly end: (ending: Ending) => void
}

/**
 * Turns deliveries into runs and runs into endings (W1, spec: reliability 4.3). It keeps nothing: what is held, and which
 * slots are free, is the worker's business.
 */
export class Executor {
  readonly #options: ExecutorOptions
  readonly #runOptions: RunOptions

  constructor(options: ExecutorOptions) {
    const { middleware, hooks, progress } = options
    this.#options = options
    this.#runOptions = { middleware, beforeTask: hooks.beforeTask, progress }
  }

  /**
   * Looks at what was claimed. Answers the deliveries to run; the others have got their ending.
   * @throws what the backend throws; `helds` may be given to `consider` again then.
   */
  async consider(helds: readonly Held[]): Promise<readonly Held[]> {
    const { runtime, maxDeliveries, pauses } = this.#options
    const isPaused = (name: string): boolean => pauses.isTaskPaused(name)
    const decisions = await decide(runtime, helds, maxDeliveries, isPaused)
    return helds.filter((held, index) => this.#apply(held, decisions[index] ?? { kind: 'run' }))
  }

  /** Holds deliveries; those that cannot be read have got their ending. */
  hold(
    consumer: Consumer,
    deliveries: readonly Delivery[],
  ): { readonly all: readonly Held[]; readonly readable: readonly Held[] } {
    const all: Held[] = []
    const readable: Held[] = []
    for (const delivery of deliveries) {
      const { held, unreadable } = hold(this.#options.runtime, consumer, delivery)
      all.push(held)
      if (unreadable === undefined) readable.push(held)
      else this.#giveUp(held, unreadable)
    }
    return { all, readable }
  }

  /** Runs a task; `onSlotFree` is called when its handler has ended. */
  run(held: Held, onSlotFree: () => void): void {
    const { runtime } = this.#options
    runTask(runtime, held, this.#runOptions, (end, task) => this.#ended(held, end, task), onSlotFree)
  }

  /** Answers whether the delivery is to be run. */
  #apply(held: Held, decision: Decision): boolean {
    const { runtime } = this.#options
    switch (decision.kind) {
      case 'run':
        return true
      case 'repeat':
        this.#repeat(held, decision.state)
        return false
      case 'intent':
        this.#end(held, {
          ...settleEnding(held, { id: held.delivery.id, kind: 'ack' }),
          handOff: {
            groups: [],
            next: [{ message: recordedOutgoing(runtime, decision.body), pending: undefined }],
            fail: [],
            finishes: [],
          },
        })
        return false
      case 'unknownTask':
        this.#unknown(held)
        return false
      case 'paused':
        this.#paused(held)
        return false
      case 'giveUp':
        this.#giveUp(held, decision.reason)
        return false
    }
  }

  #repeat(held: Held, state: TaskState): void {
    const { runtime, deadLetterFailures, unknownTask } = this.#options
    const deadLetter = missingDeadLetter(held, state, { deadLetterFailures, unknownTask })
    this.#end(held, repeatEnding(runtime, held, state, deadLetter))
  }

  #paused(held: Held): void {
    const delayMs = this.#options.pauses.nextDelayMs()
    this.#options.runtime.logger.debug({ ...logFields(held), retryInMs: delayMs }, 'paused task: given back')
    this.#end(held, settleEnding(held, { id: held.delivery.id, kind: 'release', delayMs, counted: false }))
  }

  #unknown(held: Held): void {
    const end = unknownTaskEnd(held, this.#options.unknownTask)
    const { id } = held.delivery
    const { logger } = this.#options.runtime
    if (end.kind === 'later')
      logger.debug({ ...logFields(held), retryInMs: end.delayMs }, 'unknown task: given back')
    else logger.warn({ ...logFields(held), ending: end.kind }, 'unknown task')
    if (end.kind === 'deadLetter') this.#end(held, giveUpEnding(this.#options.runtime, held, end.reason))
    // The message is dropped, not its task: whoever waits for it learns that it did not run.
    else if (end.kind === 'drop')
      this.#end(held, {
        ...giveUpEnding(this.#options.runtime, held, end.reason),
        settlement: { id, kind: 'ack' },
      })
    else this.#end(held, settleEnding(held, { id, kind: 'release', delayMs: end.delayMs, counted: true }))
  }

  #giveUp(held: Held, reason: string): void {
    this.#options.runtime.logger.error(
      { ...logFields(held), reason },
      'message given up: moved to the dead letters',
    )
    this.#end(held, giveUpEnding(this.#options.runtime, held, reason))
  }

  #end(held: Held, ending: Ending): void {
    held.ended = true
    this.#options.end(ending)
  }

  #ended(held: Held, end: RunEnd, task: CurrentTask): void {
    // Given back at shutdown: what the handler answers now belongs to nobody.
    if (held.ended) return
    if (held.abortedBy === 'cancelled') return this.#cancelled(held, task)
    if (end.kind === 'returned') return this.#returned(held, end.value, task)
    if (end.kind === 'threw') return this.#threw(held, end.thrown, task)
    if (end.kind === 'badArguments') {
      const text = `Reflect task args error: ${end.error.message}`
      const error = new MachineryError('ERR_ARGUMENTS_INVALID', text, { cause: end.error })
      // Go ignores StopTaskDeletionOnError here (go-core 5.3 P3).
      return this.#failed(held, error, task, this.#options.deadLetterFailures)
    }
    const text = `task ${task.name} passed its hard limit of ${end.limitMs} ms`
    this.#failed(held, new MachineryError('ERR_TASK_TIMEOUT', text), task)
  }

  #returned(held: Held, value: unknown, task: CurrentTask): void {
    const { runtime } = this.#options
    try {
      this.#end(
        held,
        successEnding(runtime, held, held.task === undefined ? [] : encodeResult(held.task, value)),
      )
    } catch (error) {
      return this.#failed(held, error, task)
    }
    endRun(runtime, held, 'success')
    this.#after(task, 'success')
  }

  #threw(held: Held, thrown: unknown, task: CurrentTask): void {
    const outcome = outcomeOf(thrown)
    const { message } = held
    if (outcome !== undefined && isRetryIn(outcome)) {
      const { delayMs, reason: error } = outcome
      const { retryCount, retryTimeoutSeconds } = message
      return this.#runAgain(held, thrown, task, { delayMs, error, retryCount, retryTimeoutSeconds })
    }
    if (outcome !== undefined) return this.#rejected(held, outcome.reason, task)
    // Not its fault: another worker runs it, or this one after its restart.
    if (held.abortedBy === 'shutdown' || held.abortedBy === 'leaseLost') return this.#giveBack(held)
    if (message.retryCount > 0) return this.#retry(held, thrown, task)
    this.#failed(held, thrown, task)
  }

  #giveBack(held: Held): void {
    this.#options.runtime.logger.debug({ ...logFields(held), abortedBy: held.abortedBy }, 'task given back')
    endRun(this.#options.runtime, held, 'released')
    this.#end(held, settleEnding(held, { id: held.delivery.id, kind: 'release', delayMs: 0, counted: false }))
  }

  #retry(held: Held, thrown: unknown, task: CurrentTask): void {
    const { runtime } = this.#options
    const { attemptCount, retryCount, retryTimeoutSeconds } = held.message
    const policy = headerRetryPolicy(held.message) ?? held.task?.options.retry ?? 'fibonacci'
    let next: ReturnType<typeof nextRetry>
    try {
      next = nextRetry(policy, { attempt: attemptCount + 1, retryTimeoutSeconds, error: thrown }, () =>
        runtime.clock.random(),
      )
    } catch (error) {
      return this.#failed(held, error, task)
    }
    this.#runAgain(held, thrown, task, {
      delayMs: next.delayMs,
      error: errorText(thrown),
      retryCount: retryCount - 1,
      retryTimeoutSeconds: next.retryTimeoutSeconds,
    })
  }

  #runAgain(held: Held, thrown: unknown, task: CurrentTask, next: NextAttempt): void {
    const { hooks, runtime } = this.#options
    const { delayMs, error } = next
    try {
      this.#end(held, retryEnding(runtime, held, next))
    } catch (cause) {
      return this.#failed(held, cause, task)
    }
    endRun(runtime, held, 'retry', thrown)
    const isOutcome = outcomeOf(thrown) !== undefined
    runtime.logger[isOutcome ? 'info' : 'debug'](
      { ...logFields(held), retryInMs: delayMs, error },
      'task runs again',
    )
    callHook(runtime.logger, 'taskRetry', () => hooks.taskRetry?.(thrown, task, delayMs))
    this.#after(task, 'retry')
  }

  /** Whatever the handler answers: the end that is stored stands, and its hand-off follows; this one counts only where it is gone. */
  #cancelled(held: Held, task: CurrentTask): void {
    const { runtime } = this.#options
    const text = errorText(task.signal.reason)
    this.#end(held, failureEnding(runtime, held, text, undefined))
    endRun(runtime, held, 'cancelled', task.signal.reason)
    runtime.logger.info({ ...logFields(held), reason: text }, 'task cancelled')
    this.#after(task, 'failure')
  }

  /** A verdict of the handler, not an error: no error handler is called (core/outcome). */
  #rejected(held: Held, reason: string, task: CurrentTask): void {
    this.#end(held, failureEnding(this.#options.runtime, held, reason, `rejected: ${reason}`))
    const err = new MachineryError('ERR_TASK_REJECTED', reason)
    endRun(this.#options.runtime, held, 'rejected', err)
    this.#options.runtime.logger.info({ ...logFields(held), err }, 'task rejected')
    this.#after(task, 'failure')
  }

  #failed(
    held: Held,
    thrown: unknown,
    task: CurrentTask,
    isKept: boolean = held.message.stopTaskDeletionOnError || this.#options.deadLetterFailures,
  ): void {
    const { hooks, runtime } = this.#options
    const deadLetter = isKept ? `failed: ${errorText(thrown)}` : undefined
    this.#end(held, failureEnding(runtime, held, errorText(thrown), deadLetter))
    endRun(runtime, held, failureOutcome(held, thrown), thrown)
    if (hooks.taskError === undefined)
      runtime.logger.error({ ...logFields(held), err: thrown }, 'task failed')
    else callHook(runtime.logger, 'taskError', () => hooks.taskError?.(thrown, task))
    this.#after(task, 'failure')
  }

  #after(task: CurrentTask, end: 'success' | 'failure' | 'retry'): void {
    const { hooks, runtime } = this.#options
    if (hooks.afterTask !== undefined)
      callHook(runtime.logger, 'afterTask', () => hooks.afterTask?.(task, end))
  }
}
