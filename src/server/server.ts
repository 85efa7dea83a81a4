import { systemClock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import { randomIds } from '../core/id.ts'
import { silentLogger } from '../core/logger.ts'
import type { Message } from '../core/message.ts'
import type { DeadLetter, Page, QueueStats } from '../core/ports/inspector.ts'
import { wireLimits } from '../core/wire/limits.ts'
import type { WireForm } from '../core/wire/message-codec.ts'
import { createRegistry } from '../task/registry.ts'
import type { Ready, ResultOf } from '../task/step.ts'
import type { AnyTask } from '../task/task-definition.ts'
import type { AsyncResult } from './async-result.ts'
import { inspectorOf, purgeQueue, readable, redrive } from './control.ts'
import { NO_FACTS, type ProcessFacts } from './process-facts.ts'
import { Publisher } from './publisher.ts'
import { createQueues, type Queues } from './queues.ts'
import { ResultWaiter } from './result-waiter.ts'
import type { Runtime } from './runtime.ts'
import { createSender, type SendWorkOptions } from './sender.ts'
import type { ServerOptions, ServerPorts } from './server-options.ts'
import { checkTelemetry, serverSource } from './server-source.ts'
import { createTasks, type Tasks } from './tasks.ts'
import { createWorkers, type Workers } from './workers.ts'

/** A message that waits for its time. */
export interface DelayedTask {
  readonly message: Message
  readonly queue: string
  /** Epoch ms. */
  readonly dueAt: number
}

/** Sends tasks, reads their results, looks into queues. Producers need no more; `startWorker` (see `createServer`) runs tasks. */
export interface ProducerServer extends AsyncDisposable {
  /**
   * Registers tasks; may be called at any time.
   * @throws `ERR_TASK_DUPLICATE` when another task has the name.
   */
  register(...tasks: readonly AnyTask[]): void
  /** Names of the registered tasks, in order of registration. */
  taskNames(): readonly string[]
  /**
   * Stores the task's state, publishes its message, and answers its handle. Nothing acknowledged is lost. With a UUID
   * that was sent before it answers the existing run, unless `resend` is set.
   * @throws `ERR_ARGUMENTS_INVALID`, `ERR_MESSAGE_TOO_LARGE`, `ERR_WORKFLOW_TOO_LARGE`, `ERR_PUBLISH_REFUSED`, `ERR_PUBLISH_UNCERTAIN`,
   * `ERR_QUEUE_FULL`, `ERR_CONNECTION_LOST` and others of the broker; what `beforePublish` throws; `ERR_CLOSED`.
   */
  send<const S>(work: Ready<S>, options?: SendWorkOptions): Promise<AsyncResult<ResultOf<S>>>
  /**
   * Sends many at once, in bounded batches. All handles in order; rejects with the first error after all have been tried.
   */
  sendMany<const S extends readonly unknown[]>(batch: { readonly [I in keyof S]: Ready<S[I]> }): Promise<{
    -readonly [I in keyof S]: AsyncResult<ResultOf<S[I]>>
  }>
  /** The handle of a task that was sent elsewhere or earlier. */
  result<T = unknown>(uuid: string): AsyncResult<T>
  /**
   * Ends a task that was sent elsewhere or earlier, as `AsyncResult.cancel` does: pending, delayed, waiting for a retry, or running.
   * Resolves to whether it was in time.
   * @throws `ERR_BACKEND_REQUIRED`.
   */
  cancel(uuid: string, reason?: string): Promise<boolean>
  /** The workers of all processes, and orders to them. */
  readonly workers: Workers
  /** Queues, and their pauses. */
  readonly queues: Queues
  /** Pauses of tasks by name. */
  readonly tasks: Tasks
  /** Messages that are ready in a queue, oldest first, without taking them. */
  getPendingTasks(queue?: string, page?: Page): Promise<readonly Message[]>
  /** Messages that wait for their time, soonest first, of all queues. */
  getDelayedTasks(page?: Page): Promise<readonly DelayedTask[]>
  /** Dead letters of a queue, oldest first. */
  getDeadLetters(queue?: string, page?: Page): Promise<readonly DeadLetter[]>
  /** @throws `ERR_UNSUPPORTED` where the broker cannot look into its queues. */
  queueStats(queue?: string): Promise<QueueStats>
  /** Removes what waits in a queue; its tasks end as cancelled. Answers how many messages. */
  purge(queue?: string): Promise<number>
  /** Removes the dead letters of a queue for good. Answers how many. */
  purgeDeadLetters(queue?: string): Promise<number>
  /** Puts dead letters back into their queue, all or the given ones, and reopens their states. Answers how many. */
  redrive(queue?: string, ids?: readonly string[]): Promise<number>
  /** Forgets states and groups. */
  purgeResults(uuids: readonly string[]): Promise<void>
  purgeGroups(groupUuids: readonly string[]): Promise<void>
  /** Idempotent: lets sends end, stops waiting, closes the ports that were opened for it. */
  close(): Promise<void>
}

/** What L1 shares of a server with its workers and with the app layer. */
export interface ServerCore {
  readonly server: ProducerServer
  readonly runtime: Runtime
}

const WIRE_FORMS: readonly WireForm[] = ['compact', 'full', 'full-upstream', 'full-fork']

const WHOLE: Page = { offset: 0, limit: 1_000 }

/** Makes a server on given ports. The app layer's `createServer` does so from URLs. */
export function createProducer(
  ports: ServerPorts,
  options: ServerOptions,
  facts: ProcessFacts = NO_FACTS,
): ServerCore {
  const runtime = runtimeOf(ports, options, facts)
  const publisher = new Publisher(runtime)
  const waiter = new ResultWaiter(runtime)
  let closing: Promise<void> | undefined

  const sender = createSender({ runtime, publisher, waiter, beforePublish: options.beforePublish })

  const unwatch = runtime.telemetry?.watchServer(serverSource(runtime))

  const refuseClosed = (): void => {
    if (closing !== undefined) throw new MachineryError('ERR_CLOSED', 'send: the server is closed')
  }

  const close = async (): Promise<void> => {
    unwatch?.()
    await publisher.close()
    waiter.close()
    await ports.close()
  }

  const server: ProducerServer = {
    register: (...tasks) => runtime.registry.register(tasks),
    taskNames: () => runtime.registry.names(),
    send: async (work, sendOptions) => {
      refuseClosed()
      return sender.send(work, sendOptions)
    },
    sendMany: (async (batch: readonly unknown[]) => {
      refuseClosed()
      return sender.sendMany(batch)
    }) as ProducerServer['sendMany'],
    result: (uuid) => sender.result(uuid),
    cancel: async (uuid, reason) => sender.result(uuid).cancel(reason),
    workers: createWorkers(runtime),
    queues: createQueues(runtime),
    tasks: createTasks(runtime),
    getPendingTasks: async (queue = runtime.defaultQueue, page = WHOLE) =>
      readable(runtime, await inspectorOf(runtime).pending(queue, page)),
    getDelayedTasks: async (page = WHOLE) =>
      (await inspectorOf(runtime).delayed(page)).flatMap(({ body, queue, dueAt }) =>
        readable(runtime, [body]).map((message) => ({ message, queue, dueAt })),
      ),
    getDeadLetters: async (queue = runtime.defaultQueue, page = WHOLE) =>
      inspectorOf(runtime).dead(queue, page),
    queueStats: async (queue = runtime.defaultQueue) => inspectorOf(runtime).stats(queue),
    purge: async (queue = runtime.defaultQueue) => purgeQueue(runtime, queue),
    purgeDeadLetters: async (queue = runtime.defaultQueue) => inspectorOf(runtime).purge(queue, 'dead'),
    redrive: async (queue = runtime.defaultQueue, ids) => redrive(runtime, queue, ids),
    purgeResults: async (uuids) => backendOf(runtime).tasks.purge(uuids),
    purgeGroups: async (groupUuids) => backendOf(runtime).groups.purge(groupUuids),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => server.close(),
  }
  return { server, runtime }
}

function runtimeOf(ports: ServerPorts, options: ServerOptions, facts: ProcessFacts): Runtime {
  const { defaultQueue = 'machinery_tasks', resultsExpireInMs = 3_600_000 } = options
  if (defaultQueue === '')
    throw new MachineryError('ERR_OPTION_INVALID', 'defaultQueue is empty; a queue name is right')
  if (!Number.isFinite(resultsExpireInMs) || resultsExpireInMs <= 0) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `resultsExpireInMs is ${resultsExpireInMs}; a number of ms above 0 is right`,
    )
  }
  const { wire = 'compact' } = options
  if (!WIRE_FORMS.includes(wire)) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `wire is ${wire}; ${WIRE_FORMS.map((form) => `'${form}'`).join(', ')} are right`,
    )
  }
  const registry = createRegistry()
  registry.register(options.tasks ?? [])
  return {
    broker: ports.broker,
    backend: ports.backend,
    sameStore: ports.backend === undefined ? undefined : ports.broker.sameStore?.(ports.backend),
    control: ports.backend?.control,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    ids: options.ids ?? randomIds,
    registry,
    defaultQueue,
    resultsExpireInMs,
    limits: wireLimits(options.limits),
    wire,
    facts,
    telemetry: checkTelemetry(options.telemetry),
  }
}

function backendOf(runtime: Runtime): NonNullable<Runtime['backend']> {
  if (runtime.backend !== undefined) return runtime.backend
  throw new MachineryError('ERR_BACKEND_REQUIRED', 'Result backend required')
}
