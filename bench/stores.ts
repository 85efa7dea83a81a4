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
  open(): OpenStore
}

/** An empty store; disposing removes its files. */
export interface OpenStore extends Disposable {
  readonly url: string
}

/** The stores that need nothing installed. */
export const embeddedStores: readonly BenchStore[] = [
  {
    name: 'memory',
    sizes: { oneByOne: 20_000, batched: 50_000, drained: 50_000, calls: 500 },
    isShared: false,
    open: () => ({ url: 'memory:', [Symbol.dispose]: () => {} }),
  },
  sqlite('process', { oneByOne: 5_000, batched: 20_000, drained: 20_000, calls: 500 }),
  sqlite('power', { oneByOne: 1_000, batched: 10_000, drained: 10_000, calls: 300 }),
]

function sqlite(durability: 'process' | 'power', sizes: Sizes): BenchStore {
  return {
    name: `sqlite ${durability}`,
    sizes,
    isShared: true,
    open: () => {
      const folder = mkdtempSync(join(tmpdir(), 'machinery-bench-'))
      return {
        url: `sqlite:${join(folder, 'bench.db')}?durability=${durability}`,
        [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  }
}
