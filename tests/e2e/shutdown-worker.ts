import { appendFileSync } from 'node:fs'

import { sleep, systemClock } from '../../src/core/clock.ts'
import { createServer, currentTask, task } from '../../src/index.ts'

/** What this worker is started with. */
export interface ShutdownWorkerSettings {
  readonly url: string
  readonly name: string
  readonly concurrency: number
  readonly graceMs: number
  /** @default the server's default queue */
  readonly queue?: string
  /** One line for each start and end of a handler. */
  readonly log: string
}

const settings = JSON.parse(process.argv[2] ?? 'null') as ShutdownWorkerSettings
const { url, name, concurrency, graceMs, queue = 'machinery_tasks', log } = settings

function note(event: 'started' | 'ended' | 'aborted', { uuid } = currentTask()): void {
  appendFileSync(log, `${event} ${uuid} ${name}\n`)
}

/** Takes its time, whatever happens. */
const nap = task('nap', async (ms: number) => {
  note('started')
  await sleep(systemClock, ms)
  note('ended')
})

/** The first worker never ends it; the second one does at once. Listens to its signal only if told to. */
const stick = task('stick', async (listens: boolean) => {
  note('started')
  if (name === 'first') await forever(listens)
  note('ended')
})

async function forever(listens: boolean): Promise<void> {
  const run = currentTask()
  const { signal } = run
  signal.addEventListener('abort', () => note('aborted', run))
  await sleep(systemClock, 2_000_000, listens ? signal : undefined)
}

const server = await createServer({ broker: url, resultBackend: url, tasks: [nap, stick] })
// One delivery is all that a message may need: a delivery given back that was counted would make it a dead letter.
const worker = await server.startWorker({ name, concurrency, graceMs, queues: queue, maxDeliveries: 1 })
const onOrphaned = (): void => process.exit(1)
process.once('disconnect', onOrphaned)
process.send?.('ready')

await worker.closed
process.off('disconnect', onOrphaned)
await server.close()
// A handler that ignores its signal would keep the process.
process.exit(0)
