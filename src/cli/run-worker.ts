import { applyChanges } from '../app/config/apply-changes.ts'
import { serverOptions, workerOptions } from '../app/config/config-options.ts'
import { watchConfig, type ConfigWatch } from '../app/config/watch-config.ts'
import type { LogLevel } from '../app/console-logger.ts'
import { createServer, type Server } from '../app/create-server.ts'
import { startMetricsEndpoint, type MetricsEndpoint } from '../app/metrics-endpoint.ts'
import { queuePlan } from '../worker/queue-order.ts'
import type { WorkerOptions } from '../worker/worker-options.ts'
import type { Worker } from '../worker/worker.ts'
import type { CommandContext } from './command-context.ts'
import { drainQueues } from './drain-queues.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { loadEntry } from './load-entry.ts'
import { configSources, withOneStore } from './open-config.ts'
import { ProgressLine } from './progress-line.ts'
import { reportModules } from './report-modules.ts'
import { jsonLogger, levelLogger, prettyLogger, type LevelLogger } from './worker-logger.ts'

/** Flags of `machinery worker run`. */
export interface RunFlags {
  readonly queues?: string
  readonly concurrency?: string
  readonly name?: string
  readonly grace?: number
  readonly logLevel?: LogLevel
  readonly logFormat?: 'json' | 'pretty'
  readonly metricsPort?: number
  readonly metricsHost?: string
  readonly once?: boolean
  readonly reportModules?: boolean
}

const DEFAULT_QUEUE = 'machinery_tasks'

/** A worker from its start to its end: by a signal, an order, or with `once` when nothing is left to run. */
export async function runWorker(context: CommandContext, flags: RunFlags, path: string): Promise<ExitCode> {
  // From the first moment on: without somebody who listens it ends the process.
  const hangUp = new HangUp()
  process.on('SIGHUP', hangUp.heard)
  if (flags.reportModules === true) reportModules((module) => process.send?.(module))
  const entry = await loadEntry(path)
  const logs = workerLogs(context, flags)
  await using follower = await followConfig(context, flags, logs)
  const { config, notices } = withOneStore(follower.watch.current)
  for (const notice of notices) logs.logger.warn({}, notice)
  await using endpoint = await openEndpoint(flags)
  if (endpoint !== undefined) logs.logger.info({ url: endpoint.url }, 'metrics and probes are served')
  await using server = await createServer({
    ...serverOptions(config),
    tasks: entry.tasks,
    logger: logs.logger,
    telemetry: endpoint?.telemetry,
  })
  await entry.setup?.(server)
  // What has changed meanwhile counts. Somebody has to answer to signals: here nobody else does.
  const options = (): WorkerOptions => ({
    ...entry.workerOptions,
    ...workerOptions(follower.watch.current.config),
    noSignals: false,
  })
  const startWorker = async (): Promise<Worker> => {
    const worker = await server.startWorker(options())
    const wasStopped = context.signal.aborted
    context.takeOverSignals()
    if (wasStopped) void worker.close()
    follower.follow(server, worker)
    hangUp.answer(() => void (process.stdout.isTTY ? worker.close() : follower.watch.reload()))
    return worker
  }
  if (flags.once === true)
    return await runOnce(context, server, options(), config.defaultQueue ?? DEFAULT_QUEUE, startWorker)
  const worker = await startWorker()
  if (flags.reportModules === true) process.once('disconnect', () => void worker.close())
  await worker.closed
  return EXIT.ok
}

/** SIGHUP, which may come before there is somebody to answer. */
class HangUp {
  #answer: (() => void) | undefined
  #isOpen = false

  readonly heard = (): void => {
    if (this.#answer === undefined) this.#isOpen = true
    else this.#answer()
  }

  answer(answer: () => void): void {
    this.#answer = answer
    if (this.#isOpen) answer()
    this.#isOpen = false
  }
}

async function runOnce(
  context: CommandContext,
  server: Server,
  options: WorkerOptions,
  defaultQueue: string,
  startWorker: () => Promise<Worker>,
): Promise<ExitCode> {
  const queues = queuePlan(options, defaultQueue).queues.map(({ queue }) => queue)
  // Says at once where the broker cannot tell what is left.
  const stats = await Promise.all(queues.map((queue) => server.queueStats(queue)))
  const total = stats.reduce((sum, { pending }) => sum + pending, 0)
  const progress = new ProgressLine(context.output, context.clock, 'drained', total)
  await drainQueues({
    server,
    queues,
    clock: context.clock,
    signal: context.signal,
    startWorker,
    onLook: (left) => progress.set(Math.max(total - left, 0)),
  })
  progress.end()
  return EXIT.ok
}

function workerLogs({ output, clock, flags: { quiet } }: CommandContext, flags: RunFlags): LevelLogger {
  const isPretty = flags.logFormat === undefined ? output.isTable : flags.logFormat === 'pretty'
  const write = (line: string): void => void process.stdout.write(`${line}\n`)
  const inner = isPretty ? prettyLogger : jsonLogger(write, () => clock.now())
  return levelLogger(inner, flags.logLevel ?? (quiet === true ? 'warn' : 'info'))
}

interface Follower extends AsyncDisposable {
  readonly watch: ConfigWatch
  /** What changes applies to these from here on. */
  follow(server: Server, worker: Worker): void
}

async function followConfig(context: CommandContext, flags: RunFlags, logs: LevelLogger): Promise<Follower> {
  let server: Server | undefined
  let workers: readonly Worker[] = []
  const setLevel = (level: LogLevel): void => logs.setLevel(level)
  const watch = await watchConfig({
    ...configSources(context.flags, configFlags(flags)),
    logger: logs.logger,
    onChange: (change) =>
      applyChanges(change, { ...(server === undefined ? {} : { server }), workers, setLogLevel: setLevel }),
  })
  const { logLevel } = watch.current.config
  if (logLevel !== undefined) setLevel(logLevel)
  return {
    watch,
    follow: (newServer, worker) => {
      server = newServer
      workers = [worker]
    },
    [Symbol.asyncDispose]: () => watch.close(),
  }
}

function configFlags({
  queues,
  concurrency,
  name,
  grace,
  logLevel,
}: RunFlags): Readonly<Record<string, unknown>> {
  return {
    ...(queues === undefined ? {} : { queues }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(name === undefined ? {} : { workerName: name }),
    ...(grace === undefined ? {} : { graceMs: grace }),
    ...(logLevel === undefined ? {} : { logLevel }),
  }
}

async function openEndpoint({
  metricsPort: port,
  metricsHost: host,
}: RunFlags): Promise<MetricsEndpoint | undefined> {
  if (port === undefined) return undefined
  return startMetricsEndpoint({ port, ...(host === undefined ? {} : { host }) })
}
