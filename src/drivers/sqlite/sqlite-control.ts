import type { Clock } from '../../core/clock.ts'
import type { ControlEntry, ControlWrite } from '../../core/ports/control-store.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import { decodeText, encodeText } from './sqlite-text.ts'

type EntryRow = readonly [key: string, value: string]

/** Rows that ran out which a write removes besides what it replaces: enough for the table to shrink as fast as it grows. */
const REMOVED_PER_VALUE = 2
/** Greater than any encoded key that begins as it does. */
const AFTER_ALL = '\u{10ffff}'

/** Values that run out, by area; each method is one step of a transaction that its caller runs. */
export class SqliteControl {
  readonly #clock: Clock
  readonly #put: Statement
  readonly #get: Statement<readonly [value: string]>
  readonly #list: Statement<EntryRow>
  readonly #delete: Statement
  readonly #expired: Statement<readonly [area: string, key: string]>

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#clock = clock
    this.#put = connection.prepare(
      `INSERT INTO control(area, key, value, expires_at) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
    )
    const isKept = '(expires_at IS NULL OR expires_at > ?)'
    this.#get = connection.prepare(`SELECT value FROM control WHERE area = ? AND key = ? AND ${isKept}`)
    this.#list = connection.prepare(
      `SELECT key, value FROM control WHERE area = ? AND key >= ? AND key < ? AND ${isKept}`,
    )
    this.#delete = connection.prepare('DELETE FROM control WHERE area = ? AND key = ?')
    this.#expired = connection.prepare(
      'SELECT area, key FROM control WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
    )
  }

  put(area: string, writes: readonly ControlWrite[]): void {
    const now = this.#clock.now()
    for (const expired of this.#expired.all(now, REMOVED_PER_VALUE * writes.length))
      this.#delete.run(...expired)
    for (const { key, value, expiresInMs } of writes) {
      const expiresAt = expiresInMs === Infinity ? null : Math.ceil(now + expiresInMs)
      this.#put.run(encodeText(area), encodeText(key), encodeText(value), expiresAt)
    }
  }

  get(area: string, keys: readonly string[]): readonly (string | undefined)[] {
    const now = this.#clock.now()
    return keys.map((key) => {
      const row = this.#get.get(encodeText(area), encodeText(key), now)
      return row && decodeText(row[0])
    })
  }

  list(area: string, prefix: string): readonly ControlEntry[] {
    const from = encodeText(prefix).slice(0, -1)
    // By the keys themselves: their encoded form has escapes.
    return this.#list
      .all(encodeText(area), from, from + AFTER_ALL, this.#clock.now())
      .map(([key, value]) => ({ key: decodeText(key), value: decodeText(value) }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  remove(area: string, keys: readonly string[]): void {
    for (const key of keys) this.#delete.run(encodeText(area), encodeText(key))
  }
}
