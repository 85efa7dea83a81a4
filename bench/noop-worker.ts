import { createServer } from '../src/index.ts'
import { noop } from './noop-task.ts'

// A worker in a process of its own, for the scenarios that need one.
const url = process.argv[2] ?? ''
const server = await createServer({
  broker: url,
  resultBackend: url,
  tasks: [noop.implement((one, other) => one + other)],
})
const worker = await server.startWorker({ concurrency: 10 })
process.once('disconnect', () => void worker.close())
process.send?.('ready')

await worker.closed
await server.close()
process.disconnect?.()
