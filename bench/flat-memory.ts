import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'

import { createServer } from '../src/index.ts'
import type { MemorySample } from './flat-memory-worker.ts'
import { machine, machineLine } from './machine.ts'
import { noop } from './noop-task.ts'

// `node bench/flat-memory.ts --url redis://… [--tasks 1000000]`: whether a worker that drains a million tasks keeps its size.

const USAGE = 'flat-memory.ts --url URL [--tasks 1000000]   (the URL of a store that several processes share)'
/** Growth that is allowed per 100,000 tasks, after the first fifth of them: the heap has its size by then. */
const MOST_MIB = 1
const SAMPLES = 20
const BULK = 5_000
/** Tasks that wait at most. */
const MOST_WAITING = 50_000

const { values } = parseArgs({
  options: { url: { type: 'string' }, tasks: { type: 'string', default: '1000000' } },
})
const tasks = Number(values.tasks)
if (values.url === undefined || !Number.isInteger(tasks) || tasks < SAMPLES) {
  console.error(`usage: ${USAGE}`)
  process.exit(2)
}

console.log(machineLine(machine()))
const every = Math.floor(tasks / SAMPLES)
const child = fork(new URL('flat-memory-worker.ts', import.meta.url), [values.url, String(every)])
const samples: MemorySample[] = []
let onSample: () => void = () => {}
child.on('message', (sample: MemorySample) => {
  samples.push(sample)
  console.log(
    `${sample.done.toLocaleString('en').padStart(10)}  ${(sample.rssBytes / 2 ** 20).toFixed(1)} MiB`,
  )
  onSample()
})

await using server = await createServer({
  broker: values.url,
  resultBackend: values.url,
  resultsExpireInMs: 60_000,
})
let sent = 0
while (sent < every * SAMPLES) {
  const { pending } = await server.queueStats()
  const count = Math.min(BULK, MOST_WAITING - pending, every * SAMPLES - sent)
  if (count > 0) await server.sendMany(Array.from({ length: count }, (_, index) => noop(index, 1)))
  else await new Promise((resolve) => setTimeout(resolve, 20))
  sent += Math.max(count, 0)
}
while (samples.length < SAMPLES) await new Promise<void>((resolve) => (onSample = resolve))
child.kill('SIGTERM')
await once(child, 'exit')

const slope = slopeOf(samples.slice(SAMPLES / 5)) * 100_000
console.log(`growth: ${slope.toFixed(3)} MiB per 100,000 tasks; at most ${MOST_MIB} is right`)
process.exitCode = slope <= MOST_MIB ? 0 : 1

/** Of the line of least squares, in MiB per task. */
function slopeOf(of: readonly MemorySample[]): number {
  const mean = (pick: (sample: MemorySample) => number): number =>
    of.reduce((sum, sample) => sum + pick(sample), 0) / of.length
  const meanDone = mean(({ done }) => done)
  const meanRss = mean(({ rssBytes }) => rssBytes)
  const covariance = mean(({ done, rssBytes }) => (done - meanDone) * (rssBytes - meanRss))
  return covariance / mean(({ done }) => (done - meanDone) ** 2) / 2 ** 20
}
