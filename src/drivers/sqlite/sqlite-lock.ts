import { MachineryError } from '../../core/errors.ts'
import type { Lock } from '../../core/ports/lock.ts'
import type { SqliteEngine } from './sqlite-engine.ts'

const NANOS_PER_MS = 1_000_000n
const MAX_INT64 = 9_223_372_036_854_775_807n

/** A lock on the table of one file. A row stays for the life of the file: there is one per schedule. */
export function openSqliteLock({ connection, settings }: SqliteEngine, onClose: () => Promise<void>): Lock {
  const take = connection.prepare(
    'INSERT INTO lock(key, expires_at_ns) VALUES (?, ?) ON CONFLICT DO UPDATE SET expires_at_ns = excluded.expires_at_ns WHERE lock.expires_at_ns < ?',
  )
  let closing: Promise<void> | undefined
  return {
    async lock(key, expiresAtNs) {
      if (closing !== undefined) {
        throw new MachineryError('ERR_CLOSED', `the lock ${connection.file} is closed`)
      }
      if (expiresAtNs > MAX_INT64 || expiresAtNs < -MAX_INT64) {
        const text = `expiresAtNs is ${expiresAtNs}; it must be Unix nanoseconds of at most 64 bits`
        throw new MachineryError('ERR_OPTION_INVALID', text)
      }
      const now = BigInt(Math.floor(settings.clock.now())) * NANOS_PER_MS
      return connection.write(() => take.run(key, expiresAtNs, now) > 0)
    },
    close: () => (closing ??= onClose()),
  }
}
