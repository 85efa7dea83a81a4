import type { Clock } from '../core/clock.ts'
import type { Held } from './held.ts'

/** How long aborted handlers have to react before their deliveries are given back. */
export const ABORT_GRACE_MS = 2_000
/** Longest wait for the last endings to be stored: what is not is redelivered and handed off again. */
const FLUSH_DEADLINE_MS = 10_000

/** What a shutdown works on. */
export interface Draining {
  readonly clock: Clock
  readonly graceMs: number
  /** Aborted by a second signal: give back at once. */
  readonly hurry: AbortSignal
  readonly isIdle: () => boolean
  /** Deliveries whose end is not decided. */
  readonly running: () => readonly Held[]
  readonly giveBack: (held: Held) => void
  readonly flush: () => Promise<void>
}

/**
 * The order of a shutdown: handlers run up to the grace time → their signals are aborted → two more seconds → what
 * still runs is given back, uncounted → everything that ended is stored. A second signal skips the waiting.
 */
export async function drain(draining: Draining): Promise<void> {
  await waitUntilIdle(draining, draining.graceMs)
  if (!draining.isIdle()) {
    for (const held of draining.running()) held.abort?.('shutdown')
    await waitUntilIdle(draining, ABORT_GRACE_MS)
  }
  for (const held of draining.running()) draining.giveBack(held)
  await withDeadline(draining.clock, draining.flush(), FLUSH_DEADLINE_MS)
}

/** Handlers end at any time: looked at each 5 ms at first, each 50 ms later. */
async function waitUntilIdle(draining: Draining, forMs: number): Promise<void> {
  const { clock, hurry, isIdle } = draining
  const until = clock.monotonic() + forMs
  let pauseMs = 5
  while (!isIdle() && !hurry.aborted) {
    const left = until - clock.monotonic()
    if (!(left > 0)) return
    await pause(clock, Math.min(pauseMs, left), hurry)
    pauseMs = Math.min(50, pauseMs * 1.5)
  }
}

function pause(clock: Clock, ms: number, hurry: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      hurry.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimer(done, ms, true)
    hurry.addEventListener('abort', done, { once: true })
  })
}

/** Resolves when `work` has ended, or after `ms`. */
export function withDeadline(clock: Clock, work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, ms, true)
    void work.finally(() => {
      timer.cancel()
      resolve()
    })
  })
}
