import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openStore } from '../src/app/driver-registry.ts'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import { BACKEND_CAPABILITIES, BROKER_CAPABILITIES } from '../src/drivers/redis/redis-capabilities.ts'
import type { DriverRow } from './driver-matrix.ts'

/** Opening it takes a server. */
const REDIS: DriverRow = {
  driver: 'redis',
  broker: BROKER_CAPABILITIES,
  backend: BACKEND_CAPABILITIES,
  hasLock: true,
}

/** What each driver says about itself, asked from an open store where that needs no server. */
export async function driverRows(): Promise<readonly DriverRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-matrix-'))
  try {
    return [await ask('memory', 'memory:'), await ask('sqlite', `sqlite:${join(folder, 'matrix.db')}`), REDIS]
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
