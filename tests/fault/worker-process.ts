import { flushCompileCache } from 'node:module'

import { sleep, systemClock } from '../../src/core/clock.ts'
import { createServer, currentTask, type Server, type Worker } from '../../src/index.ts'
import { work } from './fault-work.ts'
import {
  endWithHarness,
  leaveHarness,
  processSettings,
  tell,
  type ProcessSettings,
} from './process-settings.ts'
import { openLogWriter } from './run-log.ts'
import { seededRandom } from './seeded-random.ts'
import { whenReachable } from './when-reachable.ts'

/** What this worker is started with. */
export interface WorkerSettings extends ProcessSettings {
  readonly name: string
  readonly concurrency: number
  readonly handlerMs: number
}

const settings = processSettings() as WorkerSettings
const random = seededRandom(settings.seed)
const log = openLogWriter(settings.log)

const loggedWork = work.implement(async () => {
  const { uuid, attempt, fence } = currentTask()
  const run = { uuid, pid: process.pid, attempt, fence }
  log.write({ kind: 'started', ...run })
  if (settings.handlerMs > 0) await sleep(systemClock, random() * settings.handlerMs)
  log.write({ kind: 'ended', ...run })
  return fence
})

async function start(): Promise<readonly [Server, Worker]> {
  const started = await createServer({
    ...settings.urls,
    defaultQueue: settings.queue,
    tasks: [loggedWork],
  })
  try {
    const starting = started.startWorker({
      name: settings.name,
      concurrency: settings.concurrency,
      unknownTask: 'deadLetter',
      hooks: { workerError: (error) => tell({ kind: 'trouble', text: `worker: ${String(error)}` }) },
    })
    return [started, await starting]
  } catch (error) {
    await started.close()
    throw error
  }
}

endWithHarness()
const [server, worker] = await whenReachable(start)
tell({ kind: 'ready' })
// A killed process writes no cache at its end; with it, the next worker is there in half the time.
flushCompileCache()

await worker.closed
await server.close()
leaveHarness()
