import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { machine, machineLine } from '../machine.ts'
import { comparisonTable, type Row, summarise } from './comparison-table.ts'
import { diskPeers, type Peer, redisPeers, underNodes } from './peers.ts'
import { RedisProbe } from './redis-facts.ts'
import { type Figures, SCENARIOS } from './scenarios.ts'
import { fileStore, type Server, startPostgres, startRedis } from './server.ts'

// `npm run bench -- redis --compare` (here `redis`), `npm run bench -- embedded --compare` (here `disk`): the peers and this
// project, side by side. Rounds are interleaved: every peer has its turn in a scenario before the next round of it begins, in
// an order that turns.

const USAGE =
  'npm run bench -- redis|embedded --compare [--rounds 5] [--only TEXT] [--peer TEXT | --nodes PATH,PATH] [--scale 1] [--aof] [--save]'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    peer: { type: 'string', default: '' },
    nodes: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    aof: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const scale = Number(values.scale)
const [where] = positionals
const isUsable =
  (where === 'redis' || where === 'disk') && Number.isInteger(rounds) && rounds > 0 && scale > 0
if (!isUsable || positionals.length !== 1) {
  console.error(`usage: ${USAGE}`)
  process.exit(2)
}

const all = where === 'redis' ? redisPeers() : diskPeers()
const nodes = values.nodes.split(',').filter((path) => path !== '')
const peers =
  nodes.length > 0
    ? all.slice(0, 1).flatMap((own) => underNodes(own, nodes))
    : all.filter(
        ({ name }, index) => index === 0 || values.peer.split(',').some((text) => name.includes(text)),
      )
const on = machine()
console.log(`${machineLine(on)}\n${peers.map(({ name, version }) => `${name} ${version}`).join(', ')}`)

await using stack = new AsyncDisposableStack()
const servers = new Map<Peer['store'], Server>()
for (const store of new Set(peers.map((peer) => peer.store))) {
  if (store === 'redis') servers.set(store, stack.use(await startRedis(values.aof)))
  if (store === 'postgres') servers.set(store, stack.use(await startPostgres()))
}
const redis = servers.get('redis')
const probe = redis === undefined ? undefined : stack.use(new RedisProbe(redis.url))

const rows: Row[] = []
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) {
  const taking = peers.filter(({ store }) => scenario.stores.includes(store))
  const figures = new Map<Peer, Figures[]>(taking.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < taking.length; turn += 1) {
      const peer = taking[(turn + round) % taking.length] as Peer
      const queue = `compare_${round}_${turn}_${scenario.name.replaceAll(/\W+/g, '_')}`
      const result = await once(peer, (server) =>
        scenario.run({ peer, server, probe: peer.store === 'redis' ? probe : undefined, queue, scale }),
      )
      if (result !== undefined) figures.get(peer)?.push(result)
    }
  }
  const done = summarise(scenario.name, figures)
  rows.push(...done)
  console.log(`\n${comparisonTable(done)}`)
}

if (values.save) {
  const measuredAt = new Date().toISOString()
  const folder = join(import.meta.dirname, '..', 'results')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${measuredAt.slice(0, 10)}-compare-${where}.json`)
  const versions = Object.fromEntries(peers.map(({ name, version }) => [name, version]))
  writeFileSync(
    file,
    `${JSON.stringify({ measuredAt, machine: on, rounds, scale, versions, rows }, undefined, 2)}\n`,
  )
  console.log(`\nsaved as ${file}`)
}

/** One turn of a peer, on an empty store. A peer that fails does not end the run: the round does not count. */
async function once(
  peer: Peer,
  run: (server: Server) => Promise<Figures | undefined>,
): Promise<Figures | undefined> {
  await probe?.empty()
  const shared = servers.get(peer.store)
  const own = shared === undefined ? fileStore() : undefined
  try {
    return await run((shared ?? own) as Server)
  } catch (error) {
    console.error(`${peer.name}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  } finally {
    await own?.[Symbol.asyncDispose]()
  }
}
