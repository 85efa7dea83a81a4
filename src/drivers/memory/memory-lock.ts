import type { Clock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { Lock } from '../../core/ports/lock.ts'

const NANOS_PER_MS = 1_000_000n

/** A lock on a store. Keys are kept for the life of the store: there is one per schedule. */
export function openMemoryLock(clock: Clock, locks: Map<string, bigint>): Lock {
  let closed = false
  return {
    async lock(key, expiresAtNs) {
      if (closed) throw new MachineryError('ERR_CLOSED', 'the memory lock is closed')
      const heldUntil = locks.get(key)
      if (heldUntil !== undefined && heldUntil >= BigInt(Math.floor(clock.now())) * NANOS_PER_MS) return false
      locks.set(key, expiresAtNs)
      return true
    },
    async close() {
      closed = true
    },
  }
}
