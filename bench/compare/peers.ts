import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What is measured: a module in `contestants/`, on a kind of store. */
export interface Peer {
  readonly name: string
  readonly module: string
  readonly store: 'redis' | 'postgres' | 'sqlite' | 'memory'
  /** How many tasks it gets, against the others: the slow ones would take minutes. */
  readonly share: number
  readonly version: string
  /** The Node that runs it; by default that of the comparison. */
  readonly node?: string
}

/** A peer under several Nodes instead of one. @param nodes paths of programs */
export const underNodes = (peer: Peer, nodes: readonly string[]): readonly Peer[] =>
  nodes.map((node) => {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    return { ...peer, name: `${peer.name}, Node ${version}`, node }
  })

const versionOf = (name: string): string => {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

const own = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
).version

/** On Redis. */
export const redisPeers = (): readonly Peer[] => [
  { name: 'machinery-ts', module: 'machinery', store: 'redis', share: 1, version: own },
  { name: 'bullmq', module: 'bullmq', store: 'redis', share: 0.4, version: versionOf('bullmq') },
  { name: 'bee-queue', module: 'bee-queue', store: 'redis', share: 0.4, version: versionOf('bee-queue') },
  {
    name: 'celery-node',
    module: 'celery-node',
    store: 'redis',
    share: 0.4,
    version: versionOf('celery-node'),
  },
  {
    name: 'bare ioredis + Lua',
    module: 'bare-redis',
    store: 'redis',
    share: 1,
    version: versionOf('ioredis'),
  },
]

/** On a disk of this machine: SQLite and PostgreSQL. */
export const diskPeers = (): readonly Peer[] => [
  { name: 'machinery-ts sqlite', module: 'machinery', store: 'sqlite', share: 1, version: own },
  { name: 'bare node:sqlite', module: 'bare-sqlite', store: 'sqlite', share: 1, version: process.version },
  { name: 'pg-boss', module: 'pg-boss', store: 'postgres', share: 0.2, version: versionOf('pg-boss') },
  {
    name: 'graphile-worker',
    module: 'graphile-worker',
    store: 'postgres',
    share: 0.1,
    version: versionOf('graphile-worker'),
  },
  {
    name: 'graphile-worker localQueue',
    module: 'graphile-local-queue',
    store: 'postgres',
    share: 0.5,
    version: versionOf('graphile-worker'),
  },
]
