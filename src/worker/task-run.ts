import type { Timer } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import { decodeArguments } from '../task/decode-arguments.ts'
import { validateArguments } from '../task/validate-arguments.ts'
import type { Runtime } from '../server/runtime.ts'
import { taskContext, type CurrentTask } from './current-task.ts'
import { logFields, type AbortKind, type Held } from './held.ts'
import { headerMs, stringHeaders } from './message-headers.ts'
import { traceRun } from './run-trace.ts'
import type { TaskProgress } from '../server/progress.ts'
import type { ProgressReports } from './progress-reports.ts'
import { NOT_REGISTERED } from './unknown-task.ts'
import type { Middleware } from './worker-options.ts'

/** What a run came to. `thrown` is whatever the handler threw, also an outcome. */
export type RunEnd =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: unknown }
  /** The arguments do not fit: the task fails without retries (go-core 5.3 P3). */
  | { readonly kind: 'badArguments'; readonly error: Error }
  | { readonly kind: 'hardLimit'; readonly limitMs: number }

/** What wraps every handler of a worker. */
export interface RunOptions {
  readonly middleware: readonly Middleware[]
  readonly beforeTask: ((task: CurrentTask) => void | Promise<void>) | undefined
  readonly progress: ProgressReports
}

/**
 * Runs the handler of a held delivery once. `onEnd` is called exactly once: when the handler ended, or at its hard limit.
 * `onSettled` is called when the handler itself has ended, which frees its slot; a handler that ignores its signal keeps it.
 */
export function runTask(
  runtime: Runtime,
  held: Held,
  options: RunOptions,
  onEnd: (end: RunEnd, task: CurrentTask) => void,
  onSettled: () => void,
): void {
  new TaskRun(runtime, held, options, onEnd, onSettled).start()
}

class TaskRun implements CurrentTask {
  readonly #runtime: Runtime
  readonly #held: Held
  readonly #options: RunOptions
  readonly #onEnd: (end: RunEnd, task: CurrentTask) => void
  readonly #onSettled: () => void
  #controller: AbortController | undefined
  #abortedBefore: MachineryError | undefined
  #timers: Timer[] = []
  #ended = false
  #logger: CurrentTask['logger'] | undefined
  deadlineAt: number | undefined

  constructor(
    runtime: Runtime,
    held: Held,
    options: RunOptions,
    onEnd: (end: RunEnd, task: CurrentTask) => void,
    onSettled: () => void,
  ) {
    this.#runtime = runtime
    this.#held = held
    this.#options = options
    this.#onEnd = onEnd
    this.#onSettled = onSettled
  }

  get uuid(): string {
    return this.#held.message.uuid
  }
  get name(): string {
    return this.#held.message.name
  }
  get queue(): string {
    return this.#held.delivery.queue
  }
  get attempt(): number {
    return this.#held.attempt
  }
  get message(): CurrentTask['message'] {
    return this.#held.message
  }
  get headers(): ReadonlyMap<string, string> {
    return stringHeaders(this.#held.message)
  }
  get idempotencyKey(): string {
    return this.#held.message.uuid
  }
  get fence(): string {
    return this.#held.delivery.id
  }
  get logger(): CurrentTask['logger'] {
    this.#logger ??= this.#runtime.logger.child({
      ...logFields(this.#held),
      ...this.#held.run?.logFields,
    })
    return this.#logger
  }

  /** Made on first use: most handlers never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortedBefore !== undefined) this.#controller.abort(this.#abortedBefore)
    }
    return this.#controller.signal
  }

  async extend(ms: number): Promise<void> {
    const { consumer, delivery } = this.#held
    if (this.#abortedBefore?.code === 'ERR_LEASE_LOST') throw this.#abortedBefore
    if (consumer.extend === undefined) {
      throw new MachineryError(
        'ERR_UNSUPPORTED',
        'extend: this broker has no leases that a handler could extend',
      )
    }
    await consumer.extend([delivery.id], ms)
  }

  progress(value: TaskProgress): void {
    this.#options.progress.report(this.uuid, value)
  }

  start(): void {
    const { task } = this.#held
    if (task === undefined)
      throw new MachineryError('ERR_TASK_NOT_REGISTERED', `${NOT_REGISTERED}${this.name}`)
    const trace = traceRun(this.#runtime, this.#held)
    let args: unknown[]
    try {
      args = decodeArguments(task, this.#held.message.args)
    } catch (error) {
      this.#end({ kind: 'badArguments', error: error as Error })
      this.#onSettled()
      return
    }
    this.#held.abort = (kind, text) => this.#abort(kind, { text })
    this.#armLimits(task.options.softLimitMs, task.options.hardLimitMs)
    const { middleware, beforeTask } = this.#options
    const isPlain = middleware.length === 0 && beforeTask === undefined && task.options.schema === undefined
    try {
      const call = (): unknown => (isPlain ? task.handler(...args) : this.#wrapped(task, args))
      const answer: unknown =
        trace === undefined ? taskContext.run(this, call) : trace.within(() => taskContext.run(this, call))
      if (isThenable(answer))
        answer.then(
          (value) => this.#returned(value),
          (thrown: unknown) => this.#threw(thrown),
        )
      else this.#returned(answer)
    } catch (thrown) {
      this.#threw(thrown)
    }
  }

  async #wrapped(task: NonNullable<Held['task']>, args: unknown[]): Promise<unknown> {
    let valid: unknown[]
    try {
      valid = await validateArguments(task, args)
    } catch (error) {
      this.#end({ kind: 'badArguments', error: error as Error })
      return undefined
    }
    const { middleware, beforeTask } = this.#options
    await beforeTask?.(this)
    const call = middleware.reduceRight<() => Promise<unknown>>(
      (next, one) => () => one(this, next),
      async () => task.handler(...valid),
    )
    return call()
  }

  #armLimits(softMs: number | undefined, hardMs: number | undefined): void {
    const soft = headerMs(this.#held.message, 'mq-soft-ms') ?? softMs
    const hard = headerMs(this.#held.message, 'mq-hard-ms') ?? hardMs
    const { clock } = this.#runtime
    if (soft !== undefined)
      this.#timers.push(clock.setTimer(() => this.#abort('softLimit', { limitMs: soft }), soft))
    if (hard === undefined) return
    this.deadlineAt = clock.now() + hard
    this.#timers.push(
      clock.setTimer(() => {
        this.#abort('hardLimit', { limitMs: hard })
        this.#end({ kind: 'hardLimit', limitMs: hard })
      }, hard),
    )
  }

  #abort(kind: AbortKind, facts: AbortFacts): void {
    if (this.#abortedBefore !== undefined) return
    this.#held.abortedBy = kind
    this.#abortedBefore = abortError(kind, this.#held, facts)
    this.#controller?.abort(this.#abortedBefore)
  }

  #returned(value: unknown): void {
    this.#end({ kind: 'returned', value })
    this.#settled()
  }

  #threw(thrown: unknown): void {
    this.#end({ kind: 'threw', thrown })
    this.#settled()
  }

  #end(end: RunEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(end, this)
  }

  #settled(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#held.abort = undefined
    this.#onSettled()
  }
}

interface AbortFacts {
  readonly limitMs?: number
  readonly text?: string | undefined
}

function abortError(kind: AbortKind, held: Held, { limitMs, text }: AbortFacts): MachineryError {
  const { name, uuid } = held.message
  const details = { uuid, taskName: name }
  switch (kind) {
    case 'leaseLost':
      return new MachineryError(
        'ERR_LEASE_LOST',
        `task ${name} (${uuid}) lost its lease: another worker may run it`,
        { details },
      )
    case 'shutdown':
      return new MachineryError('ERR_CLOSED', `the worker shuts down; task ${name} (${uuid}) is given back`, {
        details,
      })
    case 'cancelled':
      return new MachineryError('ERR_TASK_CANCELLED', text ?? `task ${name} (${uuid}) was cancelled`, {
        details,
      })
    case 'softLimit':
      return new MachineryError(
        'ERR_TASK_TIMEOUT',
        `task ${name} (${uuid}) passed its soft limit of ${limitMs} ms`,
        { details },
      )
    case 'hardLimit':
      return new MachineryError(
        'ERR_TASK_TIMEOUT',
        `task ${name} (${uuid}) passed its hard limit of ${limitMs} ms`,
        { details },
      )
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
