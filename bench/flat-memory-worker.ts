import { createServer } from '../src/index.ts'
import { noop } from './noop-task.ts'

/** What the worker of `flat-memory.ts` tells. */
export interface MemorySample {
  readonly done: number
  readonly rssBytes: number
}

const [, , url = '', every = '100000'] = process.argv
let done = 0
const server = await createServer({
  broker: url,
  resultBackend: url,
  // Short, so that the server forgets results while it goes on.
  resultsExpireInMs: 60_000,
  tasks: [
    noop.implement((one, other) => {
      done += 1
      if (done % Number(every) === 0) {
        process.send?.({ done, rssBytes: process.memoryUsage.rss() } satisfies MemorySample)
      }
      return one + other
    }),
  ],
})
const worker = await server.startWorker({ concurrency: 100 })
process.once('disconnect', () => void worker.close())
await worker.closed
await server.close()
process.disconnect?.()
