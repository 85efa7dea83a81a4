import type { Server } from '../app/create-server.ts'
import { abortReason, sleep } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Signature } from '../task/signature.ts'
import { task } from '../task/task.ts'
import type { CommandContext } from './command-context.ts'
import { ProgressLine } from './progress-line.ts'

/** How much is measured. */
export interface BenchSize {
  readonly tasks: number
  readonly concurrency: number
}

/** What was measured. */
export interface BenchFigures {
  readonly tasks: number
  readonly sendMs: number
  readonly sentPerSecond: number
  readonly runMs: number
  readonly runPerSecond: number
  /** Median of ms from the send of one task to its result, with nothing else to do; only with a result backend. */
  readonly roundTripMs?: number
}

const CHUNK = 1_000
const ROUND_TRIPS = 50
const LOOK_MS = 20
/** Of the task, its queue and the worker. One queue for all: a store remembers the names of queues. */
const NAME = 'machinery_bench'

/**
 * Sends, then runs, tasks that do nothing, in a queue of its own that is emptied in the end.
 * @throws `ERR_STATE_CONFLICT` when the queue is in use, by another one or since one that was killed
 */
export async function measure(context: CommandContext, size: BenchSize): Promise<BenchFigures> {
  const { config } = await context.loadConfig()
  const hasResults = config.resultBackend !== undefined && config.resultBackend !== null
  let runs = 0
  const onRun = (): void => {
    runs += 1
  }
  const noop = task(NAME, onRun, { queue: NAME })
  await using server = await context.openServer({ tasks: [noop] })
  await requireEmpty(server)
  const uuids: string[] = []
  const send = async (count: number): Promise<void> => {
    const results = await server.sendMany(Array.from({ length: count }, () => noop()))
    uuids.push(...results.map(({ uuid }) => uuid))
  }
  const { tasks, concurrency } = size
  try {
    const sendMs = await timed(context, 'sent', tasks, async (tell) => {
      while (uuids.length < tasks) {
        if (context.signal.aborted) throw abortReason(context.signal)
        await send(Math.min(CHUNK, tasks - uuids.length))
        tell(uuids.length)
      }
    })
    await using worker = await server.startWorker({ name: NAME, queues: NAME, concurrency, noSignals: true })
    const runMs = await timed(context, 'run', tasks, async (tell) => {
      while (runs < tasks) {
        await sleep(context.clock, LOOK_MS, context.signal)
        tell(runs)
      }
    })
    const trips = hasResults ? await roundTrips(context, server, () => noop(), uuids) : {}
    await worker.close()
    return {
      tasks,
      sendMs: Math.round(sendMs),
      sentPerSecond: perSecond(tasks, sendMs),
      runMs: Math.round(runMs),
      runPerSecond: perSecond(tasks, runMs),
      ...trips,
    }
  } finally {
    await cleanUp(server, hasResults ? uuids : [])
  }
}

async function requireEmpty(server: Server): Promise<void> {
  const { pending, delayed, inFlight, dead } = await server.queueStats(NAME)
  const count = pending + delayed + inFlight + dead
  if (count === 0) return
  const text = `the queue ${NAME} holds ${count} messages: another bench runs, or one was killed; machinery queue purge ${NAME} empties it`
  throw new MachineryError('ERR_STATE_CONFLICT', text)
}

async function roundTrips(
  { clock, signal }: CommandContext,
  server: Server,
  make: () => Signature<[], void>,
  uuids: string[],
): Promise<Pick<BenchFigures, 'roundTripMs'>> {
  const trips: number[] = []
  while (trips.length < ROUND_TRIPS) {
    const startedAt = clock.monotonic()
    const result = await server.send(make())
    uuids.push(result.uuid)
    await result.get({ signal })
    trips.push(clock.monotonic() - startedAt)
  }
  const median = trips.toSorted((a, b) => a - b)[ROUND_TRIPS / 2] ?? 0
  return { roundTripMs: Math.round(median * 100) / 100 }
}

async function timed(
  { clock, output }: CommandContext,
  what: string,
  total: number,
  work: (tell: (done: number) => void) => Promise<void>,
): Promise<number> {
  const progress = new ProgressLine(output, clock, what, total)
  const startedAt = clock.monotonic()
  try {
    await work((done) => progress.set(done))
  } finally {
    progress.end()
  }
  return clock.monotonic() - startedAt
}

async function cleanUp(server: Server, uuids: readonly string[]): Promise<void> {
  await server.purge(NAME)
  await server.purgeDeadLetters(NAME)
  for (let from = 0; from < uuids.length; from += CHUNK)
    await server.purgeResults(uuids.slice(from, from + CHUNK))
}

function perSecond(count: number, ms: number): number {
  return Math.round((count / Math.max(ms, 1)) * 1_000)
}
