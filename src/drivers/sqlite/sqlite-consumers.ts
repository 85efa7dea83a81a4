import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import { ownIdentity, type ProcessIdentity } from '../shared/process-identity.ts'

/** A consumer as other processes see it. */
export interface ConsumerRow extends ProcessIdentity {
  readonly id: number
  readonly beat: number
  readonly leaseMs: number
}

/** Statements on the consumers of all processes; each method is one step of a transaction that its caller runs. */
export class SqliteConsumers {
  /** Marks the consumers of this store: what the lease thread beats for. */
  readonly session: string
  readonly identity: ProcessIdentity = ownIdentity()
  readonly #leaseMs: number
  readonly #insert: Statement<[id: number]>
  readonly #exists: Statement<[number]>
  readonly #delete: Statement
  readonly #deleteSilent: Statement
  readonly #all: Statement<[number, number, number, string, number, string]>

  constructor(connection: SqliteConnection, session: string, leaseMs: number) {
    this.session = session
    this.#leaseMs = leaseMs
    this.#insert = connection.prepare(
      'INSERT INTO consumer(session, beat, lease_ms, host, pid, process_start) VALUES (?, 0, ?, ?, ?, ?) RETURNING id',
    )
    this.#exists = connection.prepare('SELECT 1 FROM consumer WHERE id = ?')
    this.#delete = connection.prepare('DELETE FROM consumer WHERE id = ?')
    this.#deleteSilent = connection.prepare('DELETE FROM consumer WHERE id = ? AND beat = ?')
    this.#all = connection.prepare('SELECT id, beat, lease_ms, host, pid, process_start FROM consumer')
  }

  /** Answers the number under which the consumer owns messages; it is never used again. */
  register(): number {
    const { host, pid, startedAt } = this.identity
    return this.#insert.get(this.session, this.#leaseMs, host, pid, startedAt)?.[0] as number
  }

  isRegistered(id: number): boolean {
    return this.#exists.get(id) !== undefined
  }

  remove(id: number): void {
    this.#delete.run(id)
  }

  /** Removes a consumer unless it moved since `beat` was read, or another process was faster. Answers whether it did. */
  removeSilent(id: number, beat: number): boolean {
    return this.#deleteSilent.run(id, beat) > 0
  }

  all(): readonly ConsumerRow[] {
    return this.#all
      .all()
      .map(([id, beat, leaseMs, host, pid, startedAt]) => ({ id, beat, leaseMs, host, pid, startedAt }))
  }
}
