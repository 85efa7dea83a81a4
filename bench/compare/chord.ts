import { parseArgs } from 'node:util'

import { chord, contract, createServer, int64 } from '../../dist/index.js'
import { startGoProgram } from '../../tests/interop/go-program.ts'
import { machine, machineLine } from '../machine.ts'
import { median } from '../statistics.ts'
import { RedisProbe } from './redis-facts.ts'
import { startRedis } from './server.ts'

// `node bench/compare/chord.ts`: chords of no-op members, here and in Go's Machinery, interleaved on one Redis. One process
// sends and works, at concurrency 10, on either side. Needs Go.

const USAGE = 'chord.ts [--rounds 3] [--sizes 100,1000,10000] [--go-sizes 100,1000]'
/** Go's chord of 10,000 takes hours: every member reads all others. */
const GO_WITHIN_MS = 600_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '100,1000,10000' },
    'go-sizes': { type: 'string', default: '100,1000' },
  },
})
if (positionals.length > 0) {
  console.error(`usage: ${USAGE}`)
  process.exit(2)
}
const numbers = (text: string): readonly number[] => text.split(',').map(Number)

interface Figures {
  readonly seconds: number
  readonly redisBytes: number
  readonly commands: number
}

const add = contract('add', { args: [], rest: int64, returns: int64 })
const total = contract('multiply', { args: [], rest: int64, returns: int64 })

console.log(machineLine(machine()))
await using redis = await startRedis(false)
await using probe = new RedisProbe(redis.url)

async function measured(run: () => Promise<unknown>): Promise<Figures> {
  const before = await probe.facts()
  const startedAt = performance.now()
  await run()
  const seconds = (performance.now() - startedAt) / 1_000
  const after = await probe.facts()
  return {
    seconds,
    redisBytes: after.bytesIn + after.bytesOut - before.bytesIn - before.bytesOut,
    commands: after.commands - before.commands,
  }
}

async function ours(size: number): Promise<Figures> {
  await probe.empty()
  await using server = await createServer({
    broker: redis.url,
    resultBackend: redis.url,
    tasks: [
      add.implement((...terms) => terms.reduce((sum, term) => sum + term, 0)),
      total.implement((...factors) => factors.length),
    ],
  })
  await server.startWorker({ concurrency: 10, noSignals: true })
  return await measured(async () => {
    const members = Array.from({ length: size }, () => add(1, 1))
    const result = await server.send(chord(members, total()))
    await result.get({ timeoutMs: GO_WITHIN_MS })
  })
}

async function goes(size: number): Promise<Figures> {
  await probe.empty()
  const program = await startGoProgram({ broker: redis.url, backend: redis.url })
  try {
    await program.work({ queue: 'machinery_tasks', concurrency: 10 })
    const one = { type: 'int64', value: '1' } as const
    const signatures = Array.from({ length: size }, () => ({
      name: 'add',
      queue: 'machinery_tasks',
      args: [one, one],
    }))
    return await measured(async () => {
      const sent = await program.chord({
        signatures,
        callback: { name: 'multiply', queue: 'machinery_tasks' },
      })
      await program.result(sent.callback, GO_WITHIN_MS)
    })
  } finally {
    await program.stop()
  }
}

const goSizes = numbers(values['go-sizes'])
console.log(
  'chord of         ours s      Go s   ours/Go   ours ms/member  ours B/member  Go B/member  ours cmds/member',
)
for (const size of numbers(values.sizes)) {
  const mine: Figures[] = []
  const theirs: Figures[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    mine.push(await ours(size))
    if (goSizes.includes(size)) theirs.push(await goes(size))
  }
  const of = (all: readonly Figures[], pick: (figures: Figures) => number): number => median(all.map(pick))
  const cells = [
    size.toLocaleString('en').padStart(8),
    of(mine, ({ seconds }) => seconds).toFixed(3),
    theirs.length === 0 ? '–' : of(theirs, ({ seconds }) => seconds).toFixed(3),
    theirs.length === 0
      ? '–'
      : (of(mine, ({ seconds }) => seconds) / of(theirs, ({ seconds }) => seconds)).toFixed(3),
    ((of(mine, ({ seconds }) => seconds) / size) * 1_000).toFixed(3),
    (of(mine, ({ redisBytes }) => redisBytes) / size).toFixed(0),
    theirs.length === 0 ? '–' : (of(theirs, ({ redisBytes }) => redisBytes) / size).toFixed(0),
    (of(mine, ({ commands }) => commands) / size).toFixed(1),
  ]
  console.log(cells.map((cell, index) => cell.padStart(index === 0 ? 8 : 14)).join(''))
}
