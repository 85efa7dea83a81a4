import { workerData } from 'node:worker_threads'

import { systemClock } from '../../core/clock.ts'
import { runLeaseLoop } from '../shared/lease-loop.ts'
import type { OpenRedisClient } from './redis-client.ts'
import { loadLibrary, makeClient, safeOptions } from './redis-connector.ts'
import type { LeaseHolder, RedisHeld, RedisLeaseData, RedisLeaseNews } from './redis-lease-messages.ts'

// Runs in a worker thread: renews the leases of one store through a connection of its own.

const data = workerData as RedisLeaseData
let client: OpenRedisClient | undefined
let isConnecting = false

const loop = runLeaseLoop<RedisHeld, RedisLeaseNews>(data, {
  renew({ holders }) {
    const open = client
    // A connection that was lost comes back by itself.
    if (open?.status !== 'ready') return false
    for (const holder of holders) void beat(holder, open)
    return true
  },
  onTick() {
    const isNeeded = client === undefined || client.status === 'end'
    if (!isConnecting && isNeeded) connect().catch((error: unknown) => loop.failed(error))
  },
})

async function connect(): Promise<void> {
  isConnecting = true
  try {
    const made = makeClient(
      await loadLibrary(),
      data.target,
      safeOptions({ ...data, clock: systemClock }, 'command'),
    )
    made.on('error', () => {})
    client = made
    await made.connect()
    loop.renewSoon()
    loop.tell({ kind: 'ready' })
  } finally {
    isConnecting = false
  }
}

async function beat({ registry, consumer }: LeaseHolder, open: OpenRedisClient): Promise<void> {
  try {
    const answer = await open.callBuffer('eval', [data.beat, '1', registry, consumer])
    if (answer === 0) loop.tell({ kind: 'lost', consumer })
  } catch (error) {
    loop.failed(error)
    if (error instanceof Error && error.message === 'Command timed out') open.disconnect(true)
  }
}
