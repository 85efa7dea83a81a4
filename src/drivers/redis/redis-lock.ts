import { MachineryError } from '../../core/errors.ts'
import type { Lock } from '../../core/ports/lock.ts'
import type { Clock } from '../../core/clock.ts'
import type { RedisConnection } from './redis-connection.ts'

const NANOS_PER_MS = 1_000_000n
const MAX_INT64 = 9_223_372_036_854_775_807n

/** Go's lock (go-brokers-backends 6.3): key, value and expiry are the same, and it is taken in one step. */
export function openRedisLock(connection: RedisConnection, clock: Clock, onClose: () => Promise<void>): Lock {
  let closing: Promise<void> | undefined
  return {
    async lock(key, expiresAtNs) {
      if (closing !== undefined) {
        throw new MachineryError('ERR_CLOSED', `the lock of ${connection.name} is closed`)
      }
      if (expiresAtNs > MAX_INT64 || expiresAtNs < -MAX_INT64) {
        const text = `expiresAtNs is ${expiresAtNs}; it must be Unix nanoseconds of at most 64 bits`
        throw new MachineryError('ERR_OPTION_INVALID', text)
      }
      const now = BigInt(Math.floor(clock.now())) * NANOS_PER_MS
      const heldMs = (expiresAtNs + 1n - now) / NANOS_PER_MS
      const args = [String(expiresAtNs), String(now), String(heldMs)]
      return (await connection.script('lock', [key], args)) === 1
    },
    close: () => (closing ??= onClose()),
  }
}
