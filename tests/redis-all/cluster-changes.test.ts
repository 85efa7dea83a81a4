import { afterAll, beforeAll, expect, it } from 'vitest'

import { redisStore, type RedisStore } from '../../src/drivers/redis/index.ts'
import { slotOf } from '../../src/drivers/redis/redis-keys.ts'
import { findService, type Service, startService } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { redisCli, redisCliOrNothing } from './redis-cli.ts'
import { redisClusterWithReplicas } from './redis-servers.ts'
import { steadyTraffic } from './steady-traffic.ts'

const NODES = 6
const PAST_CHANGE = 300

let service: Service | undefined
const ports = (): readonly number[] =>
  (JSON.parse(service?.url ?? '{"ports":[]}') as { readonly ports: readonly number[] }).ports.slice(0, NODES)
interface Node {
  readonly id: string
  readonly port: number
  readonly flags: string
  readonly masterId: string
  readonly slots: readonly string[]
}

/** The nodes as one of them knows them. */
function nodes(port: number | undefined): readonly Node[] {
  return redisCli(port, 'cluster', 'nodes')
    .split('\n')
    .map((line) => {
      const [id = '', address = '', flags = '', masterId = '', , , , , ...slots] = line.split(' ')
      return { id, port: Number(/:(\d+)@/.exec(address)?.[1]), flags, masterId, slots }
    })
}

/** The master that has a slot, as one node knows it. */
function ownerOf(slot: number, port: number | undefined): Node | undefined {
  return nodes(port).find(
    ({ flags, slots }) =>
      flags.includes('master') &&
      !flags.includes('fail') &&
      slots.some((range) => {
        const [from = Number.NaN, to = from] = range.split('-').map(Number)
        return slot >= from && slot <= to
      }),
  )
}

/** Moves a slot key by key, as `redis-cli --cluster reshard` does. */
function moveSlot(slot: number, from: Node, to: Node): void {
  redisCli(to.port, 'cluster', 'setslot', slot, 'importing', from.id)
  redisCli(from.port, 'cluster', 'setslot', slot, 'migrating', to.id)
  for (;;) {
    const keys = redisCli(from.port, 'cluster', 'getkeysinslot', slot, 10).split('\n').filter(Boolean)
    if (keys.length === 0) break
    for (const key of keys) redisCli(from.port, 'migrate', '127.0.0.1', to.port, key, 0, 5_000)
  }
  for (const { port } of [to, from]) redisCli(port, 'cluster', 'setslot', slot, 'node', to.id)
}

const dead = new Set<number>()
/** Ports of the nodes that live. */
const live = (): readonly number[] => ports().filter((port) => !dead.has(port))
const isWhole = (port: number): boolean =>
  redisCliOrNothing(port, 'cluster', 'info').includes('cluster_state:ok')

async function openStore(): Promise<RedisStore> {
  await waitFor(() => live().every(isWhole), { timeoutMs: 45_000, what: 'a whole Cluster' })
  const hosts = live().map((port) => `127.0.0.1:${port}`)
  return redisStore({ hosts, cluster: true, commandTimeoutMs: 2_000 })
}

/** The master that has the slot of a queue, and another one. */
function mastersFor(queue: string): readonly [owner: Node, other: Node] {
  const [port] = live()
  const owner = ownerOf(slotOf(queue), port)
  const other = nodes(port).find(
    (node) => node.port !== owner?.port && /master/.test(node.flags) && !/fail/.test(node.flags),
  )
  if (owner === undefined || other === undefined) throw new Error(redisCli(port, 'cluster', 'nodes'))
  return [owner, other]
}

beforeAll(async () => {
  service = await startService(redisClusterWithReplicas, await findService(redisClusterWithReplicas))
  // A replica that has not had its master's data yet is never elected.
  const replicas = (port: number): readonly Node[] =>
    nodes(port).filter(({ flags }) => flags.includes('slave'))
  const isSynced = ({ port }: Node): boolean =>
    redisCli(port, 'info', 'replication').includes('master_link_status:up')
  await waitFor(() => ports().every((port) => isWhole(port) && replicas(port).length === NODES / 2), {
    timeoutMs: 30_000,
    what: 'the Cluster',
  })
  await waitFor(() => replicas(ports()[0] ?? 0).every(isSynced), {
    timeoutMs: 20_000,
    what: 'replicas that have the data',
  })
}, 60_000)
afterAll(() => service?.stop(), 20_000)

it('loses nothing while the slot of a queue moves to another master', async () => {
  await using store = await openStore()
  const queue = 'moving'
  const traffic = await steadyTraffic(store, queue)
  await waitFor(() => traffic.ran.size > PAST_CHANGE, { timeoutMs: 20_000, what: 'traffic before' })
  const slot = slotOf(queue)
  const [from, to] = mastersFor(queue)
  moveSlot(slot, from, to)
  const before = traffic.stored.length
  await waitFor(() => traffic.stored.length > before + PAST_CHANGE, {
    timeoutMs: 20_000,
    what: 'traffic after',
  })
  await traffic.stop()
  expect(ownerOf(slot, to.port)?.port).toBe(to.port)
  expect(await store.broker.inspector?.stats(queue)).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
}, 60_000)

/**
 * Stops the writes of a master and waits until its replica has all of them: what a replica never had is lost with the master,
 * however the driver behaves. What is sent meanwhile is under way when the master dies.
 */
async function untilReplicaHasAll(master: number): Promise<void> {
  redisCli(master, 'client', 'pause', 10_000, 'write')
  const hasAll = (): boolean => {
    const facts = redisCli(master, 'info', 'replication')
    const written = /master_repl_offset:(\d+)/.exec(facts)?.[1]
    return written !== undefined && facts.includes(`offset=${written},`)
  }
  await waitFor(hasAll, { timeoutMs: 8_000, what: 'a replica that has everything' })
}

it('goes on when a replica takes over from the master of a queue, and loses nothing that it had', async () => {
  await using store = await openStore()
  const queue = 'failing over'
  const traffic = await steadyTraffic(store, queue)
  await waitFor(() => traffic.ran.size > PAST_CHANGE, { timeoutMs: 20_000, what: 'traffic before' })
  const [master, other] = mastersFor(queue)
  const pid = Number(/process_id:(\d+)/.exec(redisCli(master.port, 'info', 'server'))?.[1])
  await untilReplicaHasAll(master.port)
  dead.add(master.port)
  process.kill(pid, 'SIGKILL')
  const [atDeath, ranAtDeath] = [traffic.stored.length, traffic.ran.size]
  // Elections that fail, as on a machine under load, are held again after some seconds.
  const goesOn = (): boolean =>
    traffic.stored.length > atDeath + PAST_CHANGE && traffic.ran.size > ranAtDeath + PAST_CHANGE
  await waitFor(goesOn, { timeoutMs: 45_000, what: 'traffic after' })
  expect(ownerOf(slotOf(queue), other.port)?.port).not.toBe(master.port)
  await traffic.stop()
  expect(await store.broker.inspector?.stats(queue)).toMatchObject({ pending: 0, inFlight: 0, dead: 0 })
}, 90_000)
