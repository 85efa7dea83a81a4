import type { Clock } from '../../core/clock.ts'
import type { Outgoing, Settlement } from '../../core/ports/broker.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import type { SqliteQueues } from './sqlite-queues.ts'
import { encodeText } from './sqlite-text.ts'

/** A row that was claimed. */
export interface ClaimedRow {
  readonly messageId: number
  readonly handover: number
  readonly body: Uint8Array
  readonly deliveryCount: number
}

/** Names one hand-over of a row. It stops matching when the row returns to its queue, also if it is handed over again. */
export interface HeldRow {
  readonly messageId: number
  readonly owner: number
  readonly handover: number
}

/** Due messages that one claim moves at most; the rest comes with the next. */
const DUE_PER_CLAIM = 256

/** `ms` after `now`, as a whole number that a column can hold. */
export function instantAfter(now: number, ms: number): number {
  return Math.min(Math.ceil(now + ms), Number.MAX_SAFE_INTEGER)
}

/** Statements on messages; each method is one step of a transaction that its caller runs. */
export class SqliteMessages {
  readonly #clock: Clock
  readonly #queues: SqliteQueues
  readonly #insertReady: Statement
  readonly #insertDelayed: Statement
  readonly #anyReady: Statement<[number]>
  readonly #nextDue: Statement<[dueAt: number | null]>
  readonly #due: Statement<[id: number]>
  readonly #copyDue: Statement
  readonly #removeDelayed: Statement
  readonly #ready: Statement<[id: number, body: Uint8Array, deliveries: number]>
  readonly #claim: Statement
  readonly #isHeld: Statement<[number]>
  readonly #remove: Statement
  readonly #release: Statement
  readonly #copyToDelayed: Statement
  readonly #copyToDead: Statement
  readonly #giveBack: Statement
  #handovers = 0

  constructor(connection: SqliteConnection, clock: Clock, queues: SqliteQueues) {
    this.#clock = clock
    this.#queues = queues
    this.#insertReady = connection.prepare(
      'INSERT INTO message(queue, priority, deliveries, published_at, body) VALUES (?, ?, 0, ?, ?)',
    )
    this.#insertDelayed = connection.prepare(
      'INSERT INTO delayed(queue, priority, deliveries, published_at, due_at, body) VALUES (?, ?, 0, ?, ?, ?)',
    )
    this.#anyReady = connection.prepare('SELECT 1 FROM message WHERE queue = ? AND owner IS NULL LIMIT 1')
    this.#nextDue = connection.prepare('SELECT min(due_at) FROM delayed WHERE queue = ?')
    this.#due = connection.prepare(
      'SELECT id FROM delayed WHERE queue = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?',
    )
    this.#copyDue = connection.prepare(
      'INSERT INTO message(queue, priority, deliveries, published_at, body) SELECT queue, priority, deliveries, published_at, body FROM delayed WHERE id = ?',
    )
    this.#removeDelayed = connection.prepare('DELETE FROM delayed WHERE id = ?')
    this.#ready = connection.prepare(
      'SELECT id, body, deliveries FROM message WHERE queue = ? AND owner IS NULL ORDER BY priority DESC, id LIMIT ?',
    )
    this.#claim = connection.prepare('UPDATE message SET owner = ?, handover = ? WHERE id = ?')
    const held = 'WHERE id = ? AND owner = ? AND handover = ?'
    this.#isHeld = connection.prepare(`SELECT 1 FROM message ${held}`)
    this.#remove = connection.prepare(`DELETE FROM message ${held}`)
    this.#release = connection.prepare(
      `UPDATE message SET owner = NULL, handover = NULL, deliveries = deliveries + ? ${held}`,
    )
    this.#copyToDelayed = connection.prepare(
      `INSERT INTO delayed(queue, priority, deliveries, published_at, due_at, body) SELECT queue, priority, deliveries + ?, published_at, ?, body FROM message ${held}`,
    )
    this.#copyToDead = connection.prepare(
      `INSERT INTO dead(queue, priority, deliveries, published_at, dead_at, reason, body) SELECT queue, priority, deliveries, published_at, ?, ?, body FROM message ${held}`,
    )
    this.#giveBack = connection.prepare(
      'UPDATE message SET owner = NULL, handover = NULL, deliveries = deliveries + ? WHERE owner = ?',
    )
  }

  insert({ queue, body, delayMs, priority }: Outgoing): void {
    const id = this.#queues.ensure(queue)
    const now = Math.floor(this.#clock.now())
    const rank = Math.trunc(priority)
    if (delayMs > 0) this.#insertDelayed.run(id, rank, now, instantAfter(now, delayMs), body)
    else this.#insertReady.run(id, rank, now, body)
  }

  /** Whether a claim would find something now; else when the next delayed message is due. */
  look(queue: string): { readonly isReady: boolean; readonly nextDueAt: number | undefined } {
    this.#queues.learn(queue)
    const id = this.#queues.find(queue)
    if (id === undefined) return { isReady: false, nextDueAt: undefined }
    if (this.#anyReady.get(id) !== undefined) return { isReady: true, nextDueAt: undefined }
    const nextDueAt = this.#nextDue.get(id)?.[0] ?? undefined
    return { isReady: nextDueAt !== undefined && nextDueAt <= this.#clock.now(), nextDueAt }
  }

  // Not `UPDATE … WHERE id IN (SELECT … LIMIT ?) RETURNING`: some builds of SQLite scan the table for it.
  claim(queue: string, owner: number, want: number): readonly ClaimedRow[] {
    const id = this.#queues.find(queue)
    if (id === undefined) return []
    for (const [dueId] of this.#due.all(id, Math.floor(this.#clock.now()), DUE_PER_CLAIM)) {
      this.#copyDue.run(dueId)
      this.#removeDelayed.run(dueId)
    }
    return this.#ready.all(id, want).map(([messageId, body, deliveryCount]) => {
      const handover = ++this.#handovers
      this.#claim.run(owner, handover, messageId)
      return { messageId, handover, body, deliveryCount }
    })
  }

  isHeld({ messageId, owner, handover }: HeldRow): boolean {
    return this.#isHeld.get(messageId, owner, handover) !== undefined
  }

  /** Answers whether the row was still ours. */
  remove({ messageId, owner, handover }: HeldRow): boolean {
    return this.#remove.run(messageId, owner, handover) > 0
  }

  /** Answers whether the row was still ours. */
  settle(row: HeldRow, settlement: Settlement): boolean {
    const { messageId, owner, handover } = row
    const now = this.#clock.now()
    if (settlement.kind === 'deadLetter') {
      this.#copyToDead.run(Math.floor(now), encodeText(settlement.reason), messageId, owner, handover)
    } else if (settlement.kind === 'release') {
      const counted = settlement.counted ? 1 : 0
      if (!(settlement.delayMs > 0)) return this.#release.run(counted, messageId, owner, handover) > 0
      const dueAt = instantAfter(now, settlement.delayMs)
      this.#copyToDelayed.run(counted, dueAt, messageId, owner, handover)
    }
    return this.remove(row)
  }

  /** Returns to their queues, at their old place, all that a consumer holds. */
  giveBack(owner: number, counted: boolean): void {
    this.#giveBack.run(counted ? 1 : 0, owner)
  }
}
