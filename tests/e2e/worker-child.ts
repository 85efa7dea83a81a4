import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import type { ShutdownWorkerSettings } from './shutdown-worker.ts'

/** A worker process of a test. */
export interface WorkerChild {
  signal(signal: 'SIGTERM' | 'SIGINT'): void
  /** Resolves to the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  kill(): Promise<void>
}

/** Starts a worker and resolves when it waits for tasks. */
export async function startWorkerChild(settings: ShutdownWorkerSettings): Promise<WorkerChild> {
  const child = fork(new URL('shutdown-worker.ts', import.meta.url), [JSON.stringify(settings)])
  const ended = endOf(child)
  const first = await Promise.race([once(child, 'message'), ended])
  if (!Array.isArray(first))
    throw new Error(`worker ${settings.name} ended with ${first} before it was ready`)
  return {
    signal: (signal) => void child.kill(signal),
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal ?? code ?? -1
}
