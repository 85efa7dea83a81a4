import type { Clock } from '../../core/clock.ts'
import type {
  BeginOutcome,
  BeginWrite,
  CommitOutcome,
  CommitWrite,
  FailOutcome,
  FailWrite,
  PendingOutcome,
  PendingWrite,
  Reopen,
  RetryOutcome,
  RetryWrite,
} from '../../core/ports/backend.ts'
import { isTerminal, type TaskState, type TaskStateName } from '../../core/task-state.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import { instantAfter } from './sqlite-messages.ts'
import { type StateRow, STATE_COLUMNS, storedState, type StoredState } from './sqlite-state-row.ts'
import { encodeText } from './sqlite-text.ts'

/** A state that is not terminal is kept at least this long, whatever its writer asks for. */
const UNFINISHED_KEPT_MS = 86_400_000

/** What a write changes; what it leaves out is emptied, except `createdAt` and `taskName`, which are kept. */
interface StateChange {
  readonly state: TaskStateName
  readonly taskName: string
  readonly expiresInMs: number
  readonly createdAt?: string
  readonly results?: string
  readonly error?: string
  readonly retryAt?: number
  readonly token?: string | null
  readonly begins?: number
  readonly intents?: number
}

/** Protocol W1 on the states of tasks; each method is one step of a transaction that its caller runs. */
export class SqliteTaskStates {
  readonly #clock: Clock
  readonly #byUuid: Statement<StateRow>
  readonly #insertPending: Statement
  readonly #insert: Statement
  readonly #update: Statement
  readonly #delete: Statement
  readonly #intent: Statement<[body: Uint8Array]>
  readonly #insertIntent: Statement
  readonly #deleteIntents: Statement

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#clock = clock
    this.#byUuid = connection.prepare(`SELECT ${STATE_COLUMNS} FROM state WHERE uuid = ?`)
    this.#insertPending = connection.prepare(
      "INSERT INTO state(uuid, task_name, state, created_at, begins, intents, expires_at) VALUES (?, ?, 'PENDING', ?, 0, 0, ?) ON CONFLICT DO NOTHING",
    )
    this.#insert = connection.prepare(
      'INSERT INTO state(task_name, state, results, error, created_at, retry_at, token, begins, intents, expires_at, uuid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#update = connection.prepare(
      'UPDATE state SET task_name = ?, state = ?, results = ?, error = ?, created_at = ?, retry_at = ?, token = ?, begins = ?, intents = ?, expires_at = ? WHERE id = ?',
    )
    this.#delete = connection.prepare('DELETE FROM state WHERE id = ?')
    this.#intent = connection.prepare('SELECT body FROM intent WHERE state_id = ? AND digest = ?')
    this.#insertIntent = connection.prepare('INSERT INTO intent(state_id, digest, body) VALUES (?, ?, ?)')
    this.#deleteIntents = connection.prepare('DELETE FROM intent WHERE state_id = ?')
  }

  /** What `pending` would answer. */
  wouldBePending({ uuid, reset }: PendingWrite): PendingOutcome {
    const stored = reset ? undefined : this.#find(uuid)
    if (stored === undefined) return 'written'
    return stored.state.state === 'PENDING' ? 'pending' : 'exists'
  }

  pending({ uuid, taskName, createdAt, expiresInMs, reset }: PendingWrite): PendingOutcome {
    const expiresAt = this.#expiry('PENDING', expiresInMs)
    if (this.#insertPending.run(uuid, taskName, createdAt, expiresAt) > 0) return 'written'
    const stored = this.#find(uuid)
    const change = { state: 'PENDING', taskName, expiresInMs } as const
    if (stored === undefined || reset) {
      this.#write(uuid, stored, { ...change, createdAt })
      return 'written'
    }
    if (stored.state.state !== 'PENDING') return 'exists'
    const { token, begins, intents } = stored
    const kept = { token, begins, intents, createdAt: stored.state.createdAt || createdAt }
    this.#write(uuid, stored, { ...change, ...kept })
    return 'pending'
  }

  begin({ uuid, taskName, token, digest, ifFirst, expiresInMs }: BeginWrite): BeginOutcome {
    const stored = this.#find(uuid)
    if (stored !== undefined) {
      if (isTerminal(stored.state.state)) return { kind: 'done', state: stored.state }
      const body = this.#intentOf(stored, digest)
      if (body !== undefined) return { kind: 'intent', body }
      if (ifFirst && (stored.token !== null || stored.state.state !== 'PENDING')) return { kind: 'skipped' }
    }
    const begins = (stored?.begins ?? 0) + 1
    const intents = stored?.intents ?? 0
    this.#write(uuid, stored, { state: 'STARTED', taskName, expiresInMs, token, begins, intents })
    return { kind: 'run', begins }
  }

  commit(write: CommitWrite): CommitOutcome {
    const stored = this.#find(write.uuid)
    const obstacle = commitObstacle(stored, write.token)
    if (obstacle !== undefined) return obstacle
    this.writeCommit(write, stored)
    return { kind: 'committed' }
  }

  retry(write: RetryWrite): RetryOutcome {
    const stored = this.#find(write.uuid)
    const obstacle = this.retryObstacle(write, stored)
    if (obstacle !== undefined) return obstacle
    this.writeRetry(write, stored)
    return { kind: 'recorded' }
  }

  fail({ uuid, taskName, error, createdAt, over, expiresInMs }: FailWrite): FailOutcome {
    const stored = this.#find(uuid)
    if (stored !== undefined && !(over as readonly TaskStateName[]).includes(stored.state.state))
      return 'exists'
    const kept = stored?.state.createdAt || createdAt
    this.#write(uuid, stored, { state: 'FAILURE', taskName, expiresInMs, error, createdAt: kept })
    return 'written'
  }

  reopen({ uuid, errorPrefix }: Reopen): boolean {
    const stored = this.#find(uuid)
    // A text starts with the empty one: any FAILURE.
    if (stored?.state.state !== 'FAILURE' || !stored.state.error.startsWith(errorPrefix)) return false
    this.#write(uuid, stored, { state: 'PENDING', taskName: '', expiresInMs: 0 })
    return true
  }

  get(uuid: string): TaskState | undefined {
    return this.#find(uuid)?.state
  }

  purge(uuid: string): void {
    const row = this.#byUuid.get(uuid)
    if (row !== undefined) this.removeById(row[0])
  }

  removeById(id: number): void {
    this.#deleteIntents.run(id)
    this.#delete.run(id)
  }

  // The two halves of commit and retry, for a unit that checks everything before it writes anything.

  find(uuid: string): StoredState | undefined {
    return this.#find(uuid)
  }

  retryObstacle(
    { token, digest }: RetryWrite,
    stored: StoredState | undefined,
  ): Exclude<RetryOutcome, { kind: 'recorded' }> | undefined {
    const obstacle = commitObstacle(stored, token)
    if (obstacle?.kind === 'done' || stored === undefined) return obstacle
    const body = this.#intentOf(stored, digest)
    return body === undefined ? obstacle : { kind: 'intent', body }
  }

  writeCommit(write: CommitWrite, stored: StoredState | undefined): void {
    const { uuid, taskName, state, results, error, expiresInMs } = write
    const texts = { results: JSON.stringify(results), error }
    this.#write(uuid, stored, { state, taskName, expiresInMs, ...texts })
  }

  writeRetry(write: RetryWrite, stored: StoredState | undefined): void {
    const { uuid, taskName, digest, body, error, expiresInMs } = write
    const { token = null, begins = 0, intents = 0 } = stored ?? {}
    const change = { state: 'RETRY', taskName, expiresInMs, error, token, begins } as const
    const retryAt = Math.round(write.retryAt)
    const id = this.#write(uuid, stored, { ...change, retryAt, intents: intents + 1 })
    this.#insertIntent.run(id, digest, body)
  }

  #find(uuid: string): StoredState | undefined {
    const row = this.#byUuid.get(uuid)
    return row === undefined ? undefined : storedState(uuid, row, this.#clock.now())
  }

  #intentOf({ id, intents }: StoredState, digest: string): Uint8Array | undefined {
    return intents === 0 ? undefined : this.#intent.get(id, digest)?.[0]
  }

  /** Replaces `stored`, or a row that expired and was not removed yet. Answers the number of the row. */
  #write(uuid: string, stored: StoredState | undefined, change: StateChange): number {
    const { state, intents = 0 } = change
    const values = [
      change.taskName || (stored?.state.taskName ?? ''),
      state,
      change.results ?? null,
      change.error === undefined || change.error === '' ? null : encodeText(change.error),
      change.createdAt ?? stored?.state.createdAt ?? '',
      change.retryAt ?? null,
      change.token ?? null,
      change.begins ?? 0,
      intents,
      this.#expiry(state, change.expiresInMs),
    ] as const
    if (stored === undefined) {
      this.purge(uuid)
      this.#insert.run(...values, uuid)
      return this.#byUuid.get(uuid)?.[0] as number
    }
    if (intents === 0 && stored.intents > 0) this.#deleteIntents.run(stored.id)
    this.#update.run(...values, stored.id)
    return stored.id
  }

  #expiry(state: TaskStateName, expiresInMs: number): number {
    const keepMs = isTerminal(state) ? expiresInMs : Math.max(expiresInMs, UNFINISHED_KEPT_MS)
    return instantAfter(this.#clock.now(), keepMs)
  }
}

/** Why a commit with this token would not write; undefined if it would. */
export function commitObstacle(
  stored: StoredState | undefined,
  token: string,
): Exclude<CommitOutcome, { kind: 'committed' }> | undefined {
  if (stored === undefined) return undefined
  if (isTerminal(stored.state.state)) return { kind: 'done', state: stored.state }
  return stored.token !== null && stored.token !== token ? { kind: 'fenced' } : undefined
}
