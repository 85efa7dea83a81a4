import { appendFileSync } from 'node:fs'

import { consoleLogger, createServer, task } from '../../src/index.ts'
import { endWithHarness, leaveHarness, processSettings, tell } from './process-settings.ts'

/** What this worker is started with. */
export interface BlockingWorkerSettings {
  readonly url: string
  readonly name: string
  /** One line for each run: the name of its worker and the attempt. */
  readonly log: string
}

const { url, name, log } = processSettings() as BlockingWorkerSettings

/** The log has to name this function. */
function hogTheEventLoop(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

const block = task('block', (ms: number) => {
  appendFileSync(log, `started ${name}\n`)
  hogTheEventLoop(ms)
  appendFileSync(log, `ended ${name}\n`)
})

const server = await createServer({
  broker: url,
  resultBackend: url,
  tasks: [block],
  logger: consoleLogger('warn'),
})
const worker = await server.startWorker({ name, concurrency: 1 })
endWithHarness()
tell({ kind: 'ready' })

await worker.closed
await server.close()
leaveHarness()
