import { monitorEventLoopDelay } from 'node:perf_hooks'

import type { Clock } from '../core/clock.ts'

/** How often Node looks. What it tells includes this time. */
const RESOLUTION_MS = 20
/** Time that one percentile is taken of. */
const WINDOW_MS = 5_000
const NANOS_PER_MS = 1e6

/** How late the event loop is. */
export interface EventLoopDelay {
  /** 99th percentile of the last 5 to 10 s, in ms. */
  p99Ms(): number
  /** Idempotent. */
  close(): void
}

/** Begins to measure; keeps no process alive. */
export function openEventLoopDelay(clock: Clock): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let began = clock.monotonic()
  let before = 0
  const measured = (): number =>
    histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(99) / NANOS_PER_MS - RESOLUTION_MS)
  return {
    p99Ms() {
      const now = measured()
      if (clock.monotonic() - began < WINDOW_MS) return Math.max(before, now)
      began = clock.monotonic()
      before = now
      histogram.reset()
      return now
    },
    close: () => void histogram.disable(),
  }
}
