import { fork } from 'node:child_process'
import { once } from 'node:events'

const CLOSE_LIMIT_MS = 5_000

/** A worker in a process of its own. */
export interface WorkerProcess {
  /** Ends it with SIGTERM, after 5 s with SIGKILL. */
  close(): Promise<void>
}

/** Starts a worker process and resolves when it waits for tasks. */
export async function startWorkerProcess(url: string): Promise<WorkerProcess> {
  const child = fork(new URL('noop-worker.ts', import.meta.url), [url])
  const ended = once(child, 'exit')
  const first = await Promise.race([once(child, 'message'), ended])
  if (first[0] !== 'ready') throw new Error(`the worker process ended with ${String(first[0])}`)
  return {
    close: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_LIMIT_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
