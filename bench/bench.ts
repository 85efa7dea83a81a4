import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { runRounds } from './harness.ts'
import { machine, machineLine } from './machine.ts'
import { resultTable } from './result-table.ts'
import { runComparison } from './run-comparison.ts'
import { drainScenarios } from './scenarios/drain.ts'
import { enqueueScenarios } from './scenarios/enqueue.ts'
import { latenessScenario } from './scenarios/lateness.ts'
import { roundTripScenarios } from './scenarios/round-trip.ts'
import { STORE_GROUPS } from './stores.ts'

// `npm run bench -- embedded`, `npm run bench -- redis`: what these stores can do on this machine. With `--compare`: what the
// peers can do beside them.

const GROUPS = Object.keys(STORE_GROUPS).join('|')
const USAGE = `npm run bench -- ${GROUPS} [--rounds 5] [--only TEXT] [--save] [--short] [--compare]   (--only: part of a scenario or store)`
const SHORT_SCALE = 1 / 50

const args = process.argv.slice(2)
if (args.includes('--compare')) process.exit(runComparison(args))

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
const [name = ''] = positionals
const openGroup = Object.hasOwn(STORE_GROUPS, name) ? STORE_GROUPS[name] : undefined
if (positionals.length !== 1 || openGroup === undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: ${USAGE}`)
  process.exit(2)
}

const on = machine()
await using group = await openGroup()
console.log(`${machineLine(on)}, ${group.about}`)
const scenarios = [...enqueueScenarios, ...drainScenarios, ...roundTripScenarios, latenessScenario]
const all = await runRounds(scenarios, group.stores, {
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
  const file = join(import.meta.dirname, 'results', `${measuredAt.slice(0, 10)}-${name}.json`)
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify({ measuredAt, machine: on, about: group.about, rounds, results: all }, undefined, 2)}\n`,
  )
  console.log(`saved as ${file}`)
}
