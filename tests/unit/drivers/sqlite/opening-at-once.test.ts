import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { expect, it } from 'vitest'

import type { OpeningPlace } from './opening-thread.ts'

const THREADS = 3
const FILES = 100

it('opens a new file for all who open it at the same moment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-opening-'))
  try {
    const arrived = new Int32Array(new SharedArrayBuffer(4 * FILES))
    const workerData: OpeningPlace = { folder, files: FILES, threads: THREADS, arrived }
    const workers = Array.from(
      { length: THREADS },
      () => new Worker(new URL('opening-thread.ts', import.meta.url), { workerData, execArgv: [] }),
    )
    const failures = await Promise.all(
      workers.map(async (worker) => {
        const [found] = (await once(worker, 'message')) as [readonly string[]]
        await worker.terminate()
        return found
      }),
    )
    expect(failures.flat()).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
