import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

import { systemClock } from '../../core/clock.ts'
import { type CodePlace, mainThreadStack } from './blocking-function.ts'
import type { FromLeaseThread, LeaseThreadData, ToLeaseThread } from './sqlite-lease-messages.ts'

// Runs in a worker thread: renews the leases of one store through a connection of its own, so that a handler which blocks
// the event loop keeps them. Time is the machine's, whatever clock the store has: no timer of the main thread runs here.

const BUSY_TIMEOUT_MS = 2_000
const TICK_MS = 250

const data = workerData as LeaseThreadData
const counter = new Int32Array(data.alive)
const tickMs = Math.max(Math.min(TICK_MS, data.blockWarningMs / 4, data.leaseMs / 6), 1)

const db = new DatabaseSync(data.file, { timeout: BUSY_TIMEOUT_MS })
// A checkpoint may take long, and belongs to those who fill the log.
db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0')
const beatAll = db.prepare('UPDATE consumer SET beat = beat + 1 WHERE session = ?')

let consumers = 0
let beatAt = -Infinity
let tickAt = systemClock.monotonic()
let lastCount = Atomics.load(counter, 0)
let aliveAt = tickAt
let heldUntil = -Infinity
let stack: readonly CodePlace[] | undefined
let isInspecting = false

const tell = (message: FromLeaseThread): void => parentPort?.postMessage(message)

function beat(now: number): void {
  try {
    const { changes } = beatAll.run(data.session)
    beatAt = now
    if (Number(changes) < consumers) tell({ kind: 'doubt' })
  } catch (error) {
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })
  }
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
  if (consumers === 0) {
    aliveAt = now
  } else {
    watchMainThread(now)
    tell({ kind: 'ping' })
    const isAlive = now - aliveAt <= data.maxBlockMs || now < heldUntil
    if (isAlive && now - beatAt >= data.leaseMs / 3 - tickMs) beat(now)
  }
  tickAt = systemClock.monotonic()
}

parentPort?.on('message', (message: ToLeaseThread) => {
  if (message.kind === 'extend') heldUntil = Math.max(heldUntil, systemClock.monotonic() + message.ms)
  else consumers = message.count
})

tick()
