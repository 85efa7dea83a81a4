import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { runRounds } from './harness.ts'
import { machine, machineLine } from './machine.ts'
import { resultTable } from './result-table.ts'
import { drainScenarios } from './scenarios/drain.ts'
import { enqueueScenarios } from './scenarios/enqueue.ts'
import { roundTripScenarios } from './scenarios/round-trip.ts'
import { embeddedStores } from './stores.ts'

// `npm run bench -- embedded`: what the stores that need nothing installed can do on this machine.

const USAGE =
  'npm run bench -- embedded [--rounds 5] [--only TEXT] [--save] [--short]   (--only: part of a scenario or store)'
const SHORT_SCALE = 1 / 50

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    save: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  },
})
const rounds = values.short ? 1 : Number(values.rounds)
if (positionals.length !== 1 || positionals[0] !== 'embedded' || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: ${USAGE}`)
  process.exit(2)
}

const on = machine()
console.log(machineLine(on))
const all = await runRounds([...enqueueScenarios, ...drainScenarios, ...roundTripScenarios], embeddedStores, {
  rounds,
  scale: values.short ? SHORT_SCALE : 1,
  only: values.only,
  onProgress: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1B[K${text}`)
  },
})
if (process.stderr.isTTY) process.stderr.write('\r\x1B[K')
console.log(`\n${resultTable(all)}`)

if (values.save) {
  const measuredAt = new Date().toISOString()
  const file = join(import.meta.dirname, 'results', `${measuredAt.slice(0, 10)}-embedded.json`)
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ measuredAt, machine: on, rounds, results: all }, undefined, 2)}\n`)
  console.log(`saved as ${file}`)
}
