import { MachineryError } from '../core/errors.ts'
import type { Runtime } from '../server/runtime.ts'
import { callHook } from './call-hook.ts'
import { checkWorkerOptions } from './check-worker-options.ts'
import { ChoreRunner } from './chore-runner.ts'
import { Deliveries } from './deliveries.ts'
import { Executor } from './executor.ts'
import { Fetcher } from './fetcher.ts'
import { Pauses } from './pauses.ts'
import { listenToSignals } from './process-signals.ts'
import { ownStatus } from './own-status.ts'
import { queuePlan, type QueueLine } from './queue-order.ts'
import { RemoteControl } from './remote-control.ts'
import { RepeatedWarnings } from './repeated-warnings.ts'
import { RunQueue } from './run-queue.ts'
import { Settler, SETTLE_WINDOW } from './settler.ts'
import { createSlots, defaultConcurrency, type Slots } from './slots.ts'
import { drain } from './shutdown.ts'
import type { WorkerOptions } from './worker-options.ts'
import { workerSource } from './worker-source.ts'

const LOOK_AHEAD_MOST = 64
const HEARTBEAT_MS = 5_000

/** A running worker. */
export interface Worker extends AsyncDisposable {
  /** Names this run of it in `server.workers`. */
  readonly id: string
  readonly name: string
  /** Handlers that run now. */
  readonly running: number
  readonly concurrency: number
  /**
   * Changes how many handlers may run at once, while running.
   * @throws `ERR_OPTION_INVALID` unless it is a whole number above 0.
   */
  resize(concurrency: number): Promise<void>
  /** Resolves when the worker has closed: by `close()` or by a signal. */
  readonly closed: Promise<void>
  /**
   * Stops claiming, lets running handlers end for up to `graceMs`, then aborts their signals and gives back, uncounted, what
   * is left two seconds later. Idempotent.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

/**
 * Starts a worker on the queues of its options.
 * @throws `ERR_OPTION_INVALID` naming the option; what the broker's `consume` throws.
 */
export async function startWorker(runtime: Runtime, options: WorkerOptions): Promise<Worker> {
  checkWorkerOptions(options)
  const slots = slotsOf(options)
  const plan = queuePlan(options, runtime.defaultQueue)
  const lines: QueueLine[] = []
  const worker = new RunningWorker(runtime, options, slots, lines)
  try {
    for (const { queue, weight } of plan.queues) {
      const consumer = await runtime.broker.consume(queue, {
        maxUnsettled: maxUnsettled(slots.capacity),
        onLost: (ids) => worker.lost(ids),
      })
      lines.push({ queue, weight, consumer })
    }
    await worker.start(plan.order)
  } catch (error) {
    await worker.close()
    throw error
  }
  return worker
}

function slotsOf(options: WorkerOptions): Slots {
  const { concurrency, slots } = options
  return slots ?? createSlots(concurrency || defaultConcurrency())
}

function maxUnsettled(concurrency: number): number {
  return concurrency + LOOK_AHEAD_MOST + SETTLE_WINDOW
}

class RunningWorker implements Worker {
  readonly id: string
  readonly name: string
  readonly closed: Promise<void>
  readonly #runtime: Runtime
  readonly #options: WorkerOptions
  readonly #slots: Slots
  readonly #settler: Settler
  readonly #queue: RunQueue
  readonly #chores: ChoreRunner
  readonly #deliveries: Deliveries
  readonly #pauses: Pauses
  readonly #remote: RemoteControl
  readonly #startedAt: number
  readonly #warnings: RepeatedWarnings
  #fetcher: Fetcher | undefined
  readonly #lines: readonly QueueLine[]
  #closing: Promise<void> | undefined
  #stopSignals: () => void = () => {}
  #unwatch: () => void = () => {}
  #resolveClosed: () => void = () => {}
  readonly #hurry = new AbortController()

  constructor(runtime: Runtime, options: WorkerOptions, slots: Slots, lines: readonly QueueLine[]) {
    this.id = runtime.ids.uuid()
    this.name = options.name ?? `worker_${runtime.ids.uuid().slice(-8)}`
    this.#runtime = { ...runtime, logger: runtime.logger.child({ worker: this.name }) }
    this.#warnings = new RepeatedWarnings(runtime.clock, this.#runtime.logger)
    this.#options = options
    this.#slots = slots
    this.#lines = lines
    this.#pauses = new Pauses(runtime.clock)
    this.#remote = this.#remoteControl()
    this.#startedAt = runtime.clock.now()
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    const onError = (error: unknown): void => this.#trouble(error)
    this.#settler = new Settler(this.#runtime, {
      onSettled: (held) => this.#deliveries.settled(held),
      onFenced: (held) => this.#deliveries.fenced(held),
      onError,
    })
    const executor = this.#createExecutor()
    this.#queue = new RunQueue({
      slots,
      clock: runtime.clock,
      run: (held, onSlotFree) => {
        if (held.hasState && !held.begun) this.#settler.started(held)
        executor.run(held, onSlotFree)
      },
      unsettled: () => this.#settler.size,
      giveBack: (held) => this.#deliveries.giveBack(held),
      onRoom: () => this.#fetcher?.wake(),
    })
    const [queue, settler, pauses] = [this.#queue, this.#settler, this.#pauses]
    this.#deliveries = new Deliveries({ runtime: this.#runtime, executor, queue, settler, pauses, onError })
    const { broker, clock } = runtime
    const chores = [...broker.chores, ...this.#remote.chores]
    this.#chores = new ChoreRunner(chores, clock, this.#runtime.logger, (error) => this.#tell(error))
  }

  get running(): number {
    return this.#queue.running
  }

  get concurrency(): number {
    return this.#slots.capacity
  }

  async start(order: 'weighted' | 'strict'): Promise<void> {
    const lines = this.#lines
    await this.#remote.open()
    this.#fetcher = new Fetcher({
      lines,
      order,
      clock: this.#runtime.clock,
      room: () => this.#queue.room,
      accept: (consumer, deliveries) => this.#deliveries.accept(consumer, deliveries),
      isHeldBack: (queue) => this.#pauses.isHeldBack(queue),
      beforeConsume: this.#options.hooks?.beforeConsume,
      onError: (error) => this.#trouble(error),
    })
    this.#chores.start()
    this.#fetcher.start()
    this.#unwatch = this.#watched(this.#fetcher, lines)
    if (this.#options.noSignals !== true) {
      this.#stopSignals = listenToSignals(this.#runtime.logger, {
        onFirst: () => void this.close(),
        onSecond: () => this.#hurry.abort(),
      })
    }
    const queues = lines.map((line) => line.queue)
    this.#runtime.logger.info({ queues, concurrency: this.concurrency }, 'worker started')
  }

  #watched(fetcher: Fetcher, lines: readonly QueueLine[]): () => void {
    const { telemetry } = this.#runtime
    if (telemetry === undefined) return () => {}
    const queues = lines.map((line) => line.queue)
    const parts = { name: this.name, slots: this.#slots, queues, fetchProgress: () => fetcher.progress() }
    return telemetry.watchWorker(workerSource(this.#runtime, parts))
  }

  async resize(concurrency: number): Promise<void> {
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `resize: concurrency is ${concurrency}; a whole number above 0 is right`,
      )
    }
    await Promise.all(this.#lines.map((line) => line.consumer.resize(maxUnsettled(concurrency))))
    this.#slots.resize(concurrency)
    this.#fetcher?.wake()
  }

  /** Deliveries are not ours any more. */
  lost(ids: readonly string[]): void {
    this.#deliveries.lost(ids)
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? this.#options.graceMs ?? 25_000)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(graceMs: number): Promise<void> {
    this.#unwatch()
    for (const held of this.#queue.close()) this.#deliveries.giveBack(held)
    await Promise.all([this.#fetcher?.stop(), this.#deliveries.stopParking()])
    // What was claimed meanwhile.
    for (const held of this.#queue.close()) this.#deliveries.giveBack(held)
    await drain({
      clock: this.#runtime.clock,
      graceMs,
      hurry: this.#hurry.signal,
      isIdle: () => this.#queue.running === 0,
      running: () => [...this.#deliveries.held].filter((held) => !held.ended),
      giveBack: (held) => this.#deliveries.giveBack(held),
      flush: () => this.#settler.stop(),
    })
    this.#settler.abandon()
    await Promise.all([...this.#lines.map((line) => this.#closeConsumer(line)), this.#chores.stop()])
    await this.#remote.close()
    this.#stopSignals()
    this.#runtime.logger.info({}, 'worker closed')
    this.#resolveClosed()
  }

  /** A broker that is down gets back what was not settled when it finds the consumer gone. */
  async #closeConsumer({ queue, consumer }: QueueLine): Promise<void> {
    try {
      await consumer.close()
    } catch (error) {
      this.#runtime.logger.warn({ queue, err: error }, 'closing a consumer failed')
    }
  }

  #createExecutor(): Executor {
    const { maxDeliveries = 10, unknownTask = 'retryLater', deadLetterFailures = false } = this.#options
    const { hooks = {}, middleware = [] } = this.#options
    return new Executor({
      runtime: this.#runtime,
      maxDeliveries,
      unknownTask,
      deadLetterFailures,
      hooks,
      middleware,
      pauses: this.#pauses,
      progress: this.#remote.progress,
      end: (ending) => this.#settler.end(ending),
    })
  }

  #remoteControl(): RemoteControl {
    const { heartbeatMs = HEARTBEAT_MS } = this.#options
    return new RemoteControl(this.#runtime, {
      id: this.id,
      heartbeatMs,
      pauses: this.#pauses,
      held: () => this.#deliveries.held,
      status: () =>
        ownStatus(this.#runtime, {
          id: this.id,
          name: this.name,
          heartbeatMs,
          startedAt: this.#startedAt,
          lines: this.#lines,
          slots: this.#slots,
          running: this.running,
          held: this.#deliveries.held,
          pauses: this.#pauses,
          isClosing: this.#closing !== undefined,
        }),
      resize: (concurrency) => this.resize(concurrency),
      onPauses: () => {
        this.#deliveries.giveBackPaused()
        this.#fetcher?.reconsider()
      },
      stop: () => void this.close(),
    })
  }

  #trouble(error: unknown): void {
    this.#warnings.warn(error, 'worker has trouble')
    this.#tell(error)
  }

  #tell(error: unknown): void {
    const { hooks } = this.#options
    if (hooks?.workerError !== undefined)
      callHook(this.#runtime.logger, 'workerError', () => hooks.workerError?.(error))
  }
}
