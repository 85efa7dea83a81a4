import { parentPort, workerData } from 'node:worker_threads'

import { systemClock } from '../../core/clock.ts'
import { type CodePlace, mainThreadStack } from './redis-blocking-function.ts'
import type { OpenRedisClient } from './redis-client.ts'
import { loadLibrary, makeClient, safeOptions } from './redis-connector.ts'
import type { FromLeaseThread, LeaseHolder, LeaseThreadData, ToLeaseThread } from './redis-lease-messages.ts'

// Runs in a worker thread: renews the leases of one store through a connection of its own, so that a handler which blocks
// the event loop keeps them. Time is the machine's, whatever clock the store has: no timer of the main thread runs here.

const TICK_MS = 250

const data = workerData as LeaseThreadData
const counter = new Int32Array(data.alive)
const tickMs = Math.max(Math.min(TICK_MS, data.blockWarningMs / 4, data.leaseMs / 6), 1)

let client: OpenRedisClient | undefined
let isConnecting = false
let holders: readonly LeaseHolder[] = []
let beatAt = -Infinity
let tickAt = systemClock.monotonic()
let lastCount = Atomics.load(counter, 0)
let aliveAt = tickAt
let heldUntil = -Infinity
let stack: readonly CodePlace[] | undefined
let isInspecting = false

const tell = (message: FromLeaseThread): void => parentPort?.postMessage(message)

const failed = (error: unknown): void =>
  tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })

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
    beat(systemClock.monotonic())
    tell({ kind: 'ready' })
  } finally {
    isConnecting = false
  }
}

async function beatFor({ registry, consumer }: LeaseHolder, open: OpenRedisClient): Promise<void> {
  try {
    const answer = await open.callBuffer('eval', [data.beat, '1', registry, consumer])
    if (answer === 0) tell({ kind: 'lost', consumer })
  } catch (error) {
    failed(error)
    if (error instanceof Error && error.message === 'Command timed out') open.disconnect(true)
  }
}

function beat(now: number): void {
  beatAt = now
  const open = client
  if (open?.status === 'ready') for (const holder of holders) void beatFor(holder, open)
  // A connection that was lost comes back by itself: try again at the next tick.
  else beatAt = -Infinity
}

/** Asks the main thread what it does; an answer that comes after it ran again says nothing. */
function inspect(): void {
  isInspecting = true
  const countBefore = lastCount
  void mainThreadStack()
    .catch(() => [])
    .then((places) => {
      isInspecting = false
      if (Atomics.load(counter, 0) === countBefore) stack = places
    })
}

function watchMainThread(now: number): void {
  // Whoever did not run himself, in a process that was stopped, cannot tell.
  const wasStopped = now - tickAt > tickMs + data.blockWarningMs / 2
  const count = Atomics.load(counter, 0)
  if (count !== lastCount || wasStopped) {
    const blockedMs = Math.round(now - aliveAt)
    if (blockedMs > data.blockWarningMs && !wasStopped)
      tell({ kind: 'blocked', blockedMs, stack: stack ?? [] })
    lastCount = count
    aliveAt = now
    stack = undefined
  } else if (now - aliveAt > data.blockWarningMs && stack === undefined && !isInspecting && data.canInspect) {
    inspect()
  }
}

function tick(): void {
  systemClock.setTimer(tick, tickMs, true)
  const now = systemClock.monotonic()
  if (holders.length === 0) {
    aliveAt = now
  } else {
    watchMainThread(now)
    tell({ kind: 'ping' })
    const isAlive = now - aliveAt <= data.maxBlockMs || now < heldUntil
    if (isAlive && now - beatAt >= data.leaseMs / 3 - tickMs) beat(now)
    if (!isConnecting && (client === undefined || client.status === 'end')) connect().catch(failed)
  }
  tickAt = systemClock.monotonic()
}

parentPort?.on('message', (message: ToLeaseThread) => {
  if (message.kind === 'extend') heldUntil = Math.max(heldUntil, systemClock.monotonic() + message.ms)
  else holders = message.holders
})

tick()
