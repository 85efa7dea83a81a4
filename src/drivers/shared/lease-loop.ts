import { parentPort } from 'node:worker_threads'

import { systemClock } from '../../core/clock.ts'
import { type CodePlace, mainThreadStack } from './blocking-function.ts'
import type { FromLeaseThread, Held, LeaseThreadData, ToLeaseThread } from './lease-messages.ts'

/** What a driver does in its lease thread. */
export interface LeaseRenewal<H extends Held> {
  /** Renews the leases, or begins to. Answers whether it could; if not, it is called again at the next tick. Must not throw. */
  readonly renew: (held: H) => boolean
  /** Called at every tick while there are consumers. Must not throw. */
  readonly onTick?: () => void
}

/** What a driver may do to the loop of its lease thread. */
export interface LeaseLoop<N> {
  /** Renews at the next tick, whenever the leases were renewed last. */
  renewSoon(): void
  /** Tells the main thread that a lease could not be renewed. */
  failed(error: unknown): void
  tell(news: N): void
}

const TICK_MS = 250

/**
 * Runs in a worker thread: has the leases of one store renewed three times per lease, so that a handler which blocks the
 * event loop keeps them, and reports the function that blocks it. Time is the machine's, whatever clock the store has: no
 * timer of the main thread runs here.
 */
export function runLeaseLoop<H extends Held, N>(
  data: LeaseThreadData,
  { renew, onTick }: LeaseRenewal<H>,
): LeaseLoop<N> {
  const counter = new Int32Array(data.alive)
  const tickMs = Math.max(Math.min(TICK_MS, data.blockWarningMs / 4, data.leaseMs / 6), 1)
  let held: H | undefined
  let renewedAt = -Infinity
  let tickAt = systemClock.monotonic()
  let lastCount = Atomics.load(counter, 0)
  let aliveAt = tickAt
  let heldUntil = -Infinity
  let stack: readonly CodePlace[] | undefined
  let isInspecting = false

  const post = (message: FromLeaseThread<N>): void => parentPort?.postMessage(message)

  /** Asks the main thread what it does; an answer that comes after it ran again says nothing. */
  const inspect = (): void => {
    isInspecting = true
    const countBefore = lastCount
    void mainThreadStack()
      .catch(() => [])
      .then((places) => {
        isInspecting = false
        if (Atomics.load(counter, 0) === countBefore) stack = places
      })
  }

  const watchMainThread = (now: number): void => {
    // Whoever did not run himself, in a process that was stopped, cannot tell.
    const wasStopped = now - tickAt > tickMs + data.blockWarningMs / 2
    const count = Atomics.load(counter, 0)
    if (count !== lastCount || wasStopped) {
      const blockedMs = Math.round(now - aliveAt)
      if (blockedMs > data.blockWarningMs && !wasStopped)
        post({ kind: 'blocked', blockedMs, stack: stack ?? [] })
      lastCount = count
      aliveAt = now
      stack = undefined
    } else if (
      now - aliveAt > data.blockWarningMs &&
      stack === undefined &&
      !isInspecting &&
      data.canInspect
    ) {
      inspect()
    }
  }

  const tick = (): void => {
    systemClock.setTimer(tick, tickMs, true)
    const now = systemClock.monotonic()
    if (held === undefined || held.count === 0) {
      aliveAt = now
    } else {
      watchMainThread(now)
      post({ kind: 'ping' })
      const isAlive = now - aliveAt <= data.maxBlockMs || now < heldUntil
      if (isAlive && now - renewedAt >= data.leaseMs / 3 - tickMs && renew(held)) renewedAt = now
      onTick?.()
    }
    tickAt = systemClock.monotonic()
  }

  parentPort?.on('message', (message: ToLeaseThread<H>) => {
    if (message.kind === 'extend') heldUntil = Math.max(heldUntil, systemClock.monotonic() + message.ms)
    else held = message.held
  })

  tick()
  return {
    renewSoon: () => (renewedAt = -Infinity),
    failed: (error) => post({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }),
    tell: (news) => post({ kind: 'news', news }),
  }
}
