import { systemClock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import { wireLimits, type WireLimits } from '../core/wire/limits.ts'
import { memoryStore } from '../drivers/memory/index.ts'
import { createScheduler, type Scheduler } from '../periodic/scheduler.ts'
import { createProducer, type ProducerServer } from '../server/server.ts'
import type { ServerOptions, ServerPorts } from '../server/server-options.ts'
import { startWorker, type Worker } from '../worker/worker.ts'
import type { WorkerOptions } from '../worker/worker-options.ts'
import { taskContext } from '../worker/current-task.ts'
import { eagerBroker } from './eager-broker.ts'
import { openEventLoopDelay, type EventLoopDelay } from './event-loop-delay.ts'
import { isEagerUrl, openPorts, type PortOptions } from './open-ports.ts'
import { packageVersion } from './package-version.ts'

/** Options of `createServer`. */
export type CreateServerOptions = PortOptions & ServerOptions

/** Sends tasks, reads results, runs workers and schedules. */
export interface Server extends ProducerServer, Pick<Scheduler, 'schedule' | 'schedules'> {
  /**
   * Starts a worker on this server's ports and tasks. `server.close()` closes it too.
   * @throws `ERR_OPTION_INVALID` naming the option; `ERR_CLOSED`.
   */
  startWorker(options?: WorkerOptions): Promise<Worker>
  /**
   * Changes the limits on what is read and sent, from the next message on, for the workers of this server too; a limit that
   * is absent has its default.
   * @throws `ERR_OPTION_INVALID` naming the limit, and then changes none.
   */
  setLimits(limits: Partial<WireLimits>): void
}

/**
 * Opens the broker, the result backend and the lock, and makes a server on them.
 * @throws `ERR_OPTION_INVALID` naming the option, `ERR_DRIVER_UNKNOWN`, `ERR_DRIVER_MISSING` with the install line,
 * `ERR_CONNECT_FAILED`, `ERR_TASK_DUPLICATE`.
 * @example
 * const add = task('add', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))
 * await using server = await createServer({ broker: 'memory:', resultBackend: 'memory:', tasks: [add] })
 * await using worker = await server.startWorker({ concurrency: 10 })
 * const sum = await server.send(add(1, 1))
 * await sum.get({ timeoutMs: 5_000 })
 */
export async function createServer(options: CreateServerOptions): Promise<Server> {
  checkKeys(options)
  if (options.eager === true || isEagerUrl(options.broker)) return createEagerServer(options)
  const ports = await openPorts(options, {
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    wire: options.wire ?? 'compact',
    defaultQueue: options.defaultQueue,
    resultsExpireInMs: options.resultsExpireInMs,
    drivers: options.drivers,
  })
  try {
    return withWorkers(ports, options)
  } catch (error) {
    await ports.close()
    throw error
  }
}

function withWorkers(ports: ServerPorts, options: CreateServerOptions): Server {
  const workers = new Set<Worker>()
  let closing: Promise<void> | undefined
  // Measured from the first worker on: a producer asks nobody for it.
  let delay: EventLoopDelay | undefined
  const eventLoopDelayMs = (): number | undefined => {
    if (closing === undefined) delay ??= openEventLoopDelay(options.clock ?? systemClock)
    return delay?.p99Ms()
  }
  const facts = { version: packageVersion(), eventLoopDelayMs }
  const { server: producer, runtime } = createProducer(ports, options, facts)
  const refuseWhenClosing = (what: string): void => {
    if (closing !== undefined) throw new MachineryError('ERR_CLOSED', `${what}: the server is closed`)
  }
  // Handlers may send and wait until they have ended: they would fail otherwise, and their tasks with them.
  const refuseFromOutside = (what: string): void => {
    if (!isInHandler()) refuseWhenClosing(what)
  }
  const scheduler = createScheduler({ runtime, lock: ports.lock, beforePublish: options.beforePublish })
  const close = async (): Promise<void> => {
    await Promise.all([scheduler.close(), ...[...workers].map((worker) => worker.close())])
    delay?.close()
    await producer.close()
  }
  const server: Server = {
    ...producer,
    send: async (work, sendOptions) => {
      refuseFromOutside('send')
      return producer.send(work, sendOptions)
    },
    sendMany: async (batch) => {
      refuseFromOutside('sendMany')
      return producer.sendMany(batch)
    },
    startWorker: async (workerOptions: WorkerOptions = {}) => {
      refuseWhenClosing('startWorker')
      const worker = await startWorker(runtime, workerOptions)
      if (closing !== undefined) await worker.close()
      refuseWhenClosing('startWorker')
      workers.add(worker)
      void worker.closed.then(() => workers.delete(worker))
      return worker
    },
    // Whoever holds the runtime reads its limits for each message.
    setLimits: (limits) => void Object.assign(runtime.limits, wireLimits(limits)),
    schedule: (name, spec, work, periodicOptions) => scheduler.schedule(name, spec, work, periodicOptions),
    schedules: scheduler.schedules,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => server.close(),
  }
  return server
}

const KNOWN_OPTIONS: readonly string[] = [
  'broker',
  'resultBackend',
  'lock',
  'drivers',
  'tasks',
  'defaultQueue',
  'resultsExpireInMs',
  'wire',
  'limits',
  'eager',
  'beforePublish',
  'logger',
  'telemetry',
  'clock',
  'ids',
] satisfies readonly (keyof CreateServerOptions)[]

/** A misspelt option must not be a default in disguise. */
function checkKeys(options: CreateServerOptions): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key))
  if (unknown === undefined) return
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `createServer knows no option ${unknown}; it knows ${KNOWN_OPTIONS.join(', ')}`,
  )
}

function isInHandler(): boolean {
  return taskContext.getStore() !== undefined
}

/** Machinery's eager mode: `send` resolves when the task, and everything it led to, has run (go-core 5.12). */
async function createEagerServer(options: CreateServerOptions): Promise<Server> {
  const clock = options.clock ?? systemClock
  const queue = options.defaultQueue ?? 'machinery_tasks'
  const store = memoryStore({ clock })
  const eager = eagerBroker(store.broker, queue)
  const server = withWorkers(
    { broker: eager.broker, backend: store.backend, lock: store.lock, close: () => store.close() },
    options,
  )
  // It obeys no pauses: a send would never resolve.
  await server.startWorker({ name: 'eager', noSignals: true, unknownTask: 'deadLetter', heartbeatMs: 0 })
  // A handler that sends would wait for its own end; the send that it runs in waits for both.
  const idle = async (): Promise<void> => (isInHandler() ? undefined : eager.idle())
  return {
    ...server,
    send: async (work, sendOptions) => {
      const result = await server.send(work, sendOptions)
      await idle()
      return result
    },
    sendMany: async (batch) => {
      const results = await server.sendMany(batch)
      await idle()
      return results
    },
  }
}
