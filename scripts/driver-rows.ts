import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openStore } from '../src/app/driver-registry.ts'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import * as amqp from '../src/drivers/amqp/amqp-capabilities.ts'
import * as redis from '../src/drivers/redis/redis-capabilities.ts'
import type { DriverRow } from './driver-matrix.ts'

/** Opening them takes a server. */
const OF_SERVERS: readonly DriverRow[] = [
  {
    driver: 'redis',
    broker: redis.BROKER_CAPABILITIES,
    backend: redis.BACKEND_CAPABILITIES,
    hasLock: true,
  },
  { driver: 'amqp', broker: amqp.BROKER_CAPABILITIES, backend: amqp.BACKEND_CAPABILITIES, hasLock: false },
]

/** What each driver says about itself, asked from an open store where that needs no server. */
export async function driverRows(): Promise<readonly DriverRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-matrix-'))
  try {
    const embedded = [
      await ask('memory', 'memory:'),
      await ask('sqlite', `sqlite:${join(folder, 'matrix.db')}`),
    ]
    return [...embedded, ...OF_SERVERS]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ask(driver: string, url: string): Promise<DriverRow> {
  const store = await openStore(url, { clock: systemClock, logger: silentLogger, wire: 'compact' })
  const { broker, backend, lock } = store
  await store.close()
  return { driver, broker: broker?.capabilities, backend: backend?.capabilities, hasLock: lock !== undefined }
}
