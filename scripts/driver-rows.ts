import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openStore } from '../src/app/driver-registry.ts'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { DriverRow } from './driver-matrix.ts'

/** What each driver says about itself, asked from an open store. */
export async function driverRows(): Promise<readonly DriverRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-matrix-'))
  try {
    return [await ask('memory', 'memory:'), await ask('sqlite', `sqlite:${join(folder, 'matrix.db')}`)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ask(driver: string, url: string): Promise<DriverRow> {
  const store = await openStore(url, { clock: systemClock, logger: silentLogger })
  const { broker, backend, lock } = store
  await store.close()
  return { driver, broker: broker?.capabilities, backend: backend?.capabilities, hasLock: lock !== undefined }
}
