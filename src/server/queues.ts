import type { QueueStats } from '../core/ports/inspector.ts'
import { inspectorOf } from './control.ts'
import type { Runtime } from './runtime.ts'
import { pausedNames, pausing } from './stored-pauses.ts'

/** Counts of one queue, and whether workers claim from it. */
export interface QueueStatus extends QueueStats {
  readonly isPaused: boolean
}

/**
 * The queues of a broker. A paused one is sent to as before, and no worker claims from it; what runs ends. A pause holds until it is
 * taken back, whoever restarts; workers obey within a second.
 *
 * Pauses throw `ERR_BACKEND_REQUIRED` without a result backend, `ERR_UNSUPPORTED` where it has no control store, and
 * `ERR_OPTION_INVALID` for an empty name.
 */
export interface Queues {
  /** Those that hold or held messages, or are paused, by name. @throws `ERR_UNSUPPORTED` where the broker cannot look into its queues. */
  list(): Promise<readonly QueueStatus[]>
  pause(queue: string): Promise<void>
  resume(queue: string): Promise<void>
  isPaused(queue: string): Promise<boolean>
}

/** Makes the queues of a server. */
export function createQueues(runtime: Runtime): Queues {
  return {
    async list() {
      const inspector = inspectorOf(runtime)
      const paused = new Set(runtime.control === undefined ? [] : await pausedNames(runtime, 'queue'))
      const names = new Set([...(await inspector.queues()), ...paused])
      return Promise.all(
        [...names].toSorted().map(async (queue) => ({
          ...(await inspector.stats(queue)),
          isPaused: paused.has(queue),
        })),
      )
    },
    ...pausing(runtime, 'queue'),
  }
}
