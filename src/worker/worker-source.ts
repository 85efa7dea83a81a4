import type { QueueFigures, WorkerSource } from '../core/telemetry.ts'
import type { Runtime } from '../server/runtime.ts'
import type { Slots } from './slots.ts'

/** What a worker shows of itself. */
export interface WorkerParts extends Pick<WorkerSource, 'name' | 'fetchProgress'> {
  readonly slots: Slots
  readonly queues: readonly string[]
}

/** How a worker is looked at from outside. */
export function workerSource({ broker, clock }: Runtime, parts: WorkerParts): WorkerSource {
  const { name, slots, queues, fetchProgress } = parts
  const figuresOf = async (queue: string): Promise<readonly QueueFigures[]> => {
    const stats = await broker.inspector?.stats(queue)
    if (stats === undefined) return []
    const { oldestPendingAt } = stats
    const oldestAgeMs = oldestPendingAt === undefined ? undefined : Math.max(0, clock.now() - oldestPendingAt)
    return [{ ...stats, oldestAgeMs }]
  }
  return {
    name,
    fetchProgress,
    slots: () => ({ used: slots.taken, capacity: slots.capacity }),
    queues: async () => (await Promise.all(queues.map(figuresOf))).flat(),
  }
}
