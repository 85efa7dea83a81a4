import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Sizes } from './scenario.ts'

/** A broker and backend to measure. */
export interface BenchStore {
  readonly name: string
  readonly sizes: Sizes
  /** Whether another process can work on it. */
  readonly isShared: boolean
  /** A new and empty one. */
  open(): Promise<OpenStore>
}

/** An empty store; disposing removes what it left. */
export interface OpenStore extends AsyncDisposable {
  readonly url: string
}

/** Stores that are measured together; disposing ends their server. */
export interface StoreGroup extends AsyncDisposable {
  readonly stores: readonly BenchStore[]
  /** Facts of the server without which the figures mean nothing. */
  readonly about: string
}

/** The groups, by the name that the command line has for them. */
export const STORE_GROUPS: Readonly<Record<string, () => Promise<StoreGroup>>> = {
  embedded: async () => ({
    stores: embeddedStores,
    about: `SQLite ${process.versions['sqlite'] ?? 'none'}`,
    [Symbol.asyncDispose]: async () => {},
  }),
  redis: redisGroup,
}

/** The stores that need nothing installed. */
const embeddedStores: readonly BenchStore[] = [
  {
    name: 'memory',
    sizes: { oneByOne: 20_000, batched: 50_000, drained: 50_000, calls: 500, delayed: 3_000 },
    isShared: false,
    open: async () => ({ url: 'memory:', [Symbol.asyncDispose]: async () => {} }),
  },
  sqlite('process', { oneByOne: 5_000, batched: 20_000, drained: 20_000, calls: 500, delayed: 3_000 }),
  sqlite('power', { oneByOne: 1_000, batched: 10_000, drained: 10_000, calls: 300, delayed: 3_000 }),
]

function sqlite(durability: 'process' | 'power', sizes: Sizes): BenchStore {
  return {
    name: `sqlite ${durability}`,
    sizes,
    isShared: true,
    open: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'machinery-bench-'))
      return {
        url: `sqlite:${join(folder, 'bench.db')}?durability=${durability}`,
        [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  }
}

/** The server of `REDIS_URL`, which is emptied before every scenario, or one of our own with an append-only file. */
async function redisGroup(): Promise<StoreGroup> {
  // Loaded here: whoever measures the embedded stores has no client library, and they are a fifth slower beside this one.
  const [{ Redis }, { service }] = await Promise.all([
    import('ioredis'),
    import('../tests/support/service-process.ts'),
  ])
  const server = await service('redis')
  const client = new Redis(server.url)
  const version = /^redis_version:(.*?)\r?$/m.exec(await client.info('server'))?.[1] ?? 'unknown'
  const isLogged = (await client.info('persistence')).includes('aof_enabled:1')
  const store: BenchStore = {
    name: 'redis',
    sizes: { oneByOne: 10_000, batched: 50_000, drained: 50_000, calls: 500, delayed: 5_000 },
    isShared: true,
    open: async () => {
      await client.flushall()
      return { url: server.url, [Symbol.asyncDispose]: async () => {} }
    },
  }
  return {
    stores: [store],
    about: `Redis ${version}, appendonly ${isLogged ? 'yes' : 'no'}`,
    async [Symbol.asyncDispose]() {
      client.disconnect()
      await server.stop()
    },
  }
}
