import { hostname } from 'node:os'
import type { Clock } from '../core/clock.ts'
import type { Runtime } from '../server/runtime.ts'
import type { RunningTask, WorkerStatus } from '../server/worker-status.ts'
import type { Held } from './held.ts'
import type { Pauses } from './pauses.ts'
import type { QueueLine } from './queue-order.ts'
import type { Slots } from './slots.ts'

const MOST_RUNNING_TASKS = 100

/** What a worker knows of itself. */
export interface StatusParts extends Pick<
  WorkerStatus,
  'id' | 'name' | 'heartbeatMs' | 'startedAt' | 'running' | 'isClosing'
> {
  readonly lines: readonly QueueLine[]
  readonly slots: Slots
  readonly held: Iterable<Held>
  readonly pauses: Pauses
}

/** The status of a worker at this moment. */
export function ownStatus(runtime: Runtime, worker: StatusParts): WorkerStatus {
  const { clock, facts, registry } = runtime
  const { lines, slots, held, pauses, ...known } = worker
  const tasks = registry.names()
  return {
    ...known,
    host: hostname(),
    pid: process.pid,
    version: facts.version,
    seenAt: clock.now(),
    queues: Object.fromEntries(lines.map(({ queue, weight }) => [queue, weight])),
    tasks,
    concurrency: slots.capacity,
    runningTasks: runningTasks(clock, held),
    pausedQueues: lines.map(({ queue }) => queue).filter((queue) => pauses.isQueuePaused(queue)),
    pausedTasks: tasks.filter((name) => pauses.isTaskPaused(name)),
    isQuiet: pauses.isQuiet,
    eventLoopDelayMs: facts.eventLoopDelayMs(),
  }
}

/** What runs, the longest first, of those that a worker holds. */
function runningTasks(clock: Clock, helds: Iterable<Held>): readonly RunningTask[] {
  const [now, monotonic] = [clock.now(), clock.monotonic()]
  return [...helds]
    .flatMap(({ message, delivery, startedAt, ended }) =>
      startedAt === undefined || ended
        ? []
        : [
            {
              uuid: message.uuid,
              name: message.name,
              queue: delivery.queue,
              startedAt: Math.round(now - (monotonic - startedAt)),
            },
          ],
    )
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .slice(0, MOST_RUNNING_TASKS)
}
