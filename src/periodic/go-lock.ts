import { basename } from 'node:path'

import type { Schedule } from './cron/schedule.ts'

const NANOS_PER_MS = 1_000_000n
/** How long the lock of a schedule that never runs again is held. */
const LAST_HOLD_MS = 86_400_000

/**
 * The key under which Go Machinery locks a tick: plain concatenation (spec: go-core 4.10).
 * @param programName the name of the binary in Go; here, unless it is given, that of the main script
 * @param spec as it was given, without a zone that was added
 */
export function goLockKey(programName: string | undefined, name: string, spec: string): string {
  return `machinery_lock_${programName ?? basename(process.argv[1] ?? '')}${name}${spec}`
}

/** Until when Go holds it: a nanosecond before the next activation after now. */
export function goLockUntilNs(timing: Schedule, nowMs: number): bigint {
  const nextAt = timing.next(nowMs) ?? Math.floor(nowMs) + LAST_HOLD_MS
  return BigInt(nextAt) * NANOS_PER_MS - 1n
}
