import type { Runtime } from './runtime.ts'
import { pausedNames, pausing } from './stored-pauses.ts'

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

/** Makes the tasks of a server. */
export function createTasks(runtime: Runtime): Tasks {
  return { paused: () => pausedNames(runtime, 'task'), ...pausing(runtime, 'task') }
}
