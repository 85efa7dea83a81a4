import { serverOptions } from '../app/config/config-options.ts'
import { createServer, type Server } from '../app/create-server.ts'
import { openPorts } from '../app/open-ports.ts'
import { silentLogger } from '../core/logger.ts'
import type { Diagnosis, Finding } from '../core/ports/diagnosis.ts'
import type { ServerPorts } from '../server/server-options.ts'
import type { CommandContext } from './command-context.ts'
import { configuredQueues } from './configured-queues.ts'

/** What was found, and what was mended before. */
export interface Examination {
  readonly findings: readonly Finding[]
  readonly repaired: readonly string[]
}

const MOST_CLOCK_OFFSET_MS = 1_000

/** Looks at the configuration, the stores, and what is in them. @throws what opening the stores throws */
export async function examine(
  context: CommandContext,
  queues: readonly string[],
  isRepair: boolean,
): Promise<Examination> {
  const { clock } = context
  const { config, notices } = await context.loadConfig()
  const options = serverOptions(config)
  const startedAt = clock.monotonic()
  const ports = await openPorts(options, {
    clock,
    logger: silentLogger,
    wire: options.wire ?? 'compact',
    defaultQueue: options.defaultQueue,
    resultsExpireInMs: options.resultsExpireInMs,
    drivers: options.drivers,
  })
  try {
    const connection = ok(
      'connection',
      `broker and result backend answered after ${Math.round(clock.monotonic() - startedAt)} ms`,
    )
    await using server = await createServer({ ...options, ...given(ports) })
    const asked = configuredQueues(config, queues)
    const diagnoses = diagnosesOf(ports)
    const repaired: string[] = []
    if (isRepair) for (const diagnosis of diagnoses) repaired.push(...(await diagnosis.repair(asked)))
    const found: Finding[] = [connection, ...notices.map((text) => warning('configuration', text))]
    if (ports.backend === undefined)
      found.push(warning('result-backend', 'there is none: no states, no results, no chords'))
    else if (!ports.backend.capabilities.persistent)
      found.push(warning('result-backend', 'it forgets states and results when its server restarts'))
    for (const diagnosis of diagnoses) found.push(...(await diagnosis.diagnose(asked)))
    // A driver that sees who consumes knows more than the registry.
    const ofDrivers = new Set(found.map(({ check }) => check))
    const ofWorkers = await workerFindings(context, server, ports)
    found.push(
      ...(await clockFindings(context, ports)),
      ...ofWorkers.filter(({ check }) => !ofDrivers.has(check)),
    )
    return { findings: found, repaired }
  } finally {
    await ports.close()
  }
}

function given({
  broker,
  backend,
  lock,
}: ServerPorts): Pick<Parameters<typeof createServer>[0], 'broker' | 'resultBackend' | 'lock'> {
  return { broker, resultBackend: backend ?? null, lock }
}

function diagnosesOf({ broker, backend }: ServerPorts): readonly Diagnosis[] {
  const ofBroker = broker.diagnosis
  const ofBackend = backend?.diagnosis
  const isOneStore = backend !== undefined && broker.sameStore?.(backend) !== undefined
  return [
    ...(ofBroker === undefined ? [] : [ofBroker]),
    ...(ofBackend === undefined || isOneStore ? [] : [ofBackend]),
  ]
}

/** The clock of this machine against that of the store: delays and schedules are told by one and kept by the other. */
async function clockFindings(
  { clock }: CommandContext,
  { backend }: ServerPorts,
): Promise<readonly Finding[]> {
  if (backend?.schedules === undefined) return []
  const before = clock.now()
  const storeNow = await backend.schedules.now()
  const offset = Math.round(storeNow - (before + clock.now()) / 2)
  if (Math.abs(offset) <= MOST_CLOCK_OFFSET_MS)
    return [ok('clock', `the clock of the store is ${offset} ms from this one`)]
  return [
    warning(
      'clock',
      `the clock of the store is ${offset} ms from this one: delays and schedules are off by as much; NTP on both is right`,
    ),
  ]
}

/** What is in the queues against who is there to run it. */
async function workerFindings(
  { clock }: CommandContext,
  server: Server,
  { broker, backend }: ServerPorts,
): Promise<readonly Finding[]> {
  if (broker.inspector === undefined || backend?.control === undefined) return []
  const [queues, workers, pausedTasks] = await Promise.all([
    server.queues.list(),
    server.workers.list(),
    server.tasks.paused(),
  ])
  const findings: Finding[] = [ok('workers', `${workers.length} are registered`)]
  for (const { queue, pending, dead, isPaused } of queues) {
    const consumers = workers.filter((worker) => Object.hasOwn(worker.queues, queue) && !worker.isClosing)
    if (isPaused)
      findings.push(
        warning('paused', `the queue ${queue} is paused; machinery queue resume ${queue} ends that`),
      )
    else if (pending > 0 && consumers.length === 0)
      findings.push(
        warning(
          'no-consumer',
          `${pending} messages wait in ${queue}, and no registered worker consumes it; workers in Go are not seen`,
        ),
      )
    if (dead > 0)
      findings.push(
        warning(
          'dead-letters',
          `the queue ${queue} has ${dead} dead letters; machinery dead ls --queue ${queue} shows them`,
        ),
      )
  }
  for (const name of pausedTasks)
    findings.push(warning('paused', `the task ${name} is paused; machinery task resume ${name} ends that`))
  for (const { name, seenAt, heartbeatMs } of workers) {
    const offset = clock.now() - seenAt
    const isOff = offset < -MOST_CLOCK_OFFSET_MS || offset > 3 * heartbeatMs + MOST_CLOCK_OFFSET_MS
    if (isOff)
      findings.push(
        warning(
          'worker-clock',
          `the clock of worker ${name} is about ${Math.round(-offset)} ms from this one; NTP on both is right`,
        ),
      )
  }
  return findings
}

function ok(check: string, text: string): Finding {
  return { check, level: 'ok', text, canRepair: false }
}

function warning(check: string, text: string): Finding {
  return { check, level: 'warning', text, canRepair: false }
}
