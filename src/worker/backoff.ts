import type { Clock } from '../core/clock.ts'

/** The pause before try number `failures` + 1: doubles from `firstMs` to `longestMs`, with half of it random. */
export function backoffMs(clock: Clock, failures: number, firstMs: number, longestMs: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 16))
  return full / 2 + (clock.random() * full) / 2
}
