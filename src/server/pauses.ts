import { MachineryError } from '../core/errors.ts'
import type { QueueStats } from '../core/ports/inspector.ts'
import { inspectorOf } from './control.ts'
import { CONTROL_AREAS, controlOf, pauseKey, type PausedKind } from './control-areas.ts'
import type { Runtime } from './runtime.ts'

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

/**
 * Tasks by name, whatever queue their messages are in. A paused one is not started by any worker: its messages are given back, uncounted,
 * and no attempt is used. A pause holds until it is taken back, whoever restarts; workers obey within a second. Where a queue holds
 * nothing else, pause the queue: that costs nothing.
 *
 * Every method throws as those of `Queues`.
 */
export interface Tasks {
  /** Names of those that are paused, by name. */
  paused(): Promise<readonly string[]>
  pause(name: string): Promise<void>
  resume(name: string): Promise<void>
  isPaused(name: string): Promise<boolean>
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

/** Makes the tasks of a server. */
export function createTasks(runtime: Runtime): Tasks {
  return { paused: () => pausedNames(runtime, 'task'), ...pausing(runtime, 'task') }
}

async function pausedNames(runtime: Runtime, kind: PausedKind): Promise<readonly string[]> {
  const prefix = pauseKey(kind, '')
  const entries = await controlOf(runtime, `${kind}s`).list(CONTROL_AREAS.pauses, prefix)
  return entries.map(({ key }) => key.slice(prefix.length))
}

function pausing(runtime: Runtime, kind: PausedKind): Pick<Queues, 'pause' | 'resume' | 'isPaused'> {
  const { pauses } = CONTROL_AREAS
  const keyOf = (name: string): string => {
    if (typeof name === 'string' && name !== '') return pauseKey(kind, name)
    throw new MachineryError('ERR_OPTION_INVALID', `${kind} is "${name}"; the name of a ${kind} is right`)
  }
  return {
    async pause(name) {
      const since = String(runtime.clock.now())
      const write = { key: keyOf(name), value: since, expiresInMs: Infinity }
      await controlOf(runtime, `${kind}s`).put(pauses, [write])
    },
    async resume(name) {
      await controlOf(runtime, `${kind}s`).remove(pauses, [keyOf(name)])
    },
    async isPaused(name) {
      const [since] = await controlOf(runtime, `${kind}s`).get(pauses, [keyOf(name)])
      return since !== undefined
    },
  }
}
