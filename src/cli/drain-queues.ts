import type { Server } from '../app/create-server.ts'
import { sleep, type Clock } from '../core/clock.ts'
import { isMachineryError } from '../core/errors.ts'
import type { Worker } from '../worker/worker.ts'

const LOOK_MS = 100

/** What is drained, and by whom. */
export interface Drain {
  readonly server: Server
  readonly queues: readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly startWorker: () => Promise<Worker>
  /** How many messages are left. */
  readonly onLook: (left: number) => void
}

/**
 * Runs a worker until nothing that may run is ready in its queues. Messages that wait for their time, and paused queues, are not
 * waited for. What the worker had claimed and not begun when it was closed is ready again: then another one goes on.
 */
export async function drainQueues(drain: Drain): Promise<void> {
  const { clock, signal } = drain
  do {
    const worker = await drain.startWorker()
    const stop = (): void => void worker.close()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      let isClosed = false
      void worker.closed.then(() => (isClosed = true))
      // Twice: between claim and start a message is neither ready nor running.
      for (let emptyLooks = 0; emptyLooks < 2 && !isClosed;) {
        await Promise.race([sleep(clock, LOOK_MS), worker.closed])
        const left = await ready(drain)
        drain.onLook(left + worker.running)
        emptyLooks = left === 0 && worker.running === 0 ? emptyLooks + 1 : 0
      }
      if (isClosed) return
    } finally {
      signal.removeEventListener('abort', stop)
      await worker.close()
    }
  } while (!signal.aborted && (await ready(drain)) > 0)
}

async function ready({ server, queues }: Drain): Promise<number> {
  const counts = await Promise.all(
    queues.map(async (queue) => {
      const [{ pending }, isPaused] = await Promise.all([
        server.queueStats(queue),
        isPausedQueue(server, queue),
      ])
      return isPaused ? 0 : pending
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Where there is no result backend, or it has no control store, nothing is paused. */
async function isPausedQueue(server: Server, queue: string): Promise<boolean> {
  try {
    return await server.queues.isPaused(queue)
  } catch (error) {
    if (isMachineryError(error, 'ERR_UNSUPPORTED') || isMachineryError(error, 'ERR_BACKEND_REQUIRED'))
      return false
    throw error
  }
}
