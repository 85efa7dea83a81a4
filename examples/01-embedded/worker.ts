import { consoleLogger, createServer } from '../../src/index.ts'
import { tasks } from './tasks.ts'

/** What a worker process tells the demo: how a run of a task ended, and where. */
export interface RunEnd {
  readonly uuid: string
  readonly worker: string
  readonly attempt: number
  readonly end: 'success' | 'failure' | 'retry'
}

const [name = 'worker', url = 'sqlite:./jobs.db'] = process.argv.slice(2)

const server = await createServer({
  broker: url,
  resultBackend: url,
  tasks,
  logger: consoleLogger('error'),
})

// SIGINT and SIGTERM end the worker after the tasks that run.
const worker = await server.startWorker({
  name,
  concurrency: 2,
  hooks: {
    afterTask: ({ uuid, attempt }, end) => {
      process.send?.({ uuid, worker: name, attempt, end } satisfies RunEnd)
    },
    // The demo shows how each task ended; a hook of its own keeps the expected failures out of the log.
    taskError: () => {},
  },
})

// Without the demo there is nobody to work for.
process.once('disconnect', () => void worker.close())
process.send?.('ready')

await worker.closed
await server.close()
process.disconnect?.()
