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
import { ExpiringMap } from './expiring-map.ts'

/** A state that is not terminal is kept at least this long, whatever its writer asks for. */
const UNFINISHED_KEPT_MS = 86_400_000

interface TaskRecord {
  readonly state: TaskState
  /** Of whoever began last; empty when nobody did. */
  readonly token: string
  readonly begins: number
  /** Bytes of the next attempt, by the digest of the attempt that decided on it. */
  readonly intents: ReadonlyMap<string, Uint8Array>
}

const NO_INTENTS: ReadonlyMap<string, Uint8Array> = new Map()

/** The states of tasks and protocol W1 over them, synchronous: each method is one transaction. */
export class MemoryTaskStates {
  readonly #records: ExpiringMap<TaskRecord>
  readonly #onChange: (uuid: string) => void

  constructor(monotonic: () => number, onChange: (uuid: string) => void) {
    this.#records = new ExpiringMap(monotonic)
    this.#onChange = onChange
  }

  /** What `pending` would answer. */
  wouldBePending({ uuid, reset }: PendingWrite): PendingOutcome {
    const stored = this.#records.get(uuid)
    if (stored === undefined || reset) return 'written'
    return stored.state.state === 'PENDING' ? 'pending' : 'exists'
  }

  pending(write: PendingWrite): PendingOutcome {
    const outcome = this.wouldBePending(write)
    if (outcome === 'exists') return outcome
    const stored = this.#records.get(write.uuid)
    const createdAt = outcome === 'written' ? write.createdAt : stored?.state.createdAt || write.createdAt
    const state = { ...this.#next(write.uuid, write.taskName, 'PENDING'), createdAt }
    this.#write(state, write.expiresInMs, outcome === 'written' ? undefined : stored)
    return outcome
  }

  begin({ uuid, taskName, token, digest, ifFirst, expiresInMs }: BeginWrite): BeginOutcome {
    const stored = this.#records.get(uuid)
    if (stored !== undefined) {
      if (isTerminal(stored.state.state)) return { kind: 'done', state: stored.state }
      const body = stored.intents.get(digest)
      if (body !== undefined) return { kind: 'intent', body }
      if (ifFirst && (stored.token !== '' || stored.state.state !== 'PENDING')) return { kind: 'skipped' }
    }
    const begins = (stored?.begins ?? 0) + 1
    const intents = stored?.intents ?? NO_INTENTS
    this.#write(this.#next(uuid, taskName, 'STARTED'), expiresInMs, { token, begins, intents })
    return { kind: 'run', begins }
  }

  /** Why `commit` would not write; undefined if it would. */
  commitObstacle(uuid: string, token: string): Exclude<CommitOutcome, { kind: 'committed' }> | undefined {
    const stored = this.#records.get(uuid)
    if (stored === undefined) return undefined
    if (isTerminal(stored.state.state)) return { kind: 'done', state: stored.state }
    return stored.token !== '' && stored.token !== token ? { kind: 'fenced' } : undefined
  }

  commit({ uuid, taskName, token, state, results, error, expiresInMs }: CommitWrite): CommitOutcome {
    const obstacle = this.commitObstacle(uuid, token)
    if (obstacle !== undefined) return obstacle
    this.#write({ ...this.#next(uuid, taskName, state), results, error }, expiresInMs)
    return { kind: 'committed' }
  }

  /** Why `retry` would not write; undefined if it would. */
  retryObstacle({
    uuid,
    token,
    digest,
  }: RetryWrite): Exclude<RetryOutcome, { kind: 'recorded' }> | undefined {
    const obstacle = this.commitObstacle(uuid, token)
    if (obstacle?.kind === 'done') return obstacle
    const body = this.#records.get(uuid)?.intents.get(digest)
    return body === undefined ? obstacle : { kind: 'intent', body }
  }

  retry(write: RetryWrite): RetryOutcome {
    const { uuid, taskName, digest, body, error, retryAt, expiresInMs } = write
    const obstacle = this.retryObstacle(write)
    if (obstacle !== undefined) return obstacle
    const stored = this.#records.get(uuid)
    const intents = new Map(stored?.intents).set(digest, body)
    const kept = { token: stored?.token ?? '', begins: stored?.begins ?? 0, intents }
    this.#write({ ...this.#next(uuid, taskName, 'RETRY'), error, retryAt }, expiresInMs, kept)
    return { kind: 'recorded' }
  }

  fail({ uuid, taskName, error, createdAt, over, expiresInMs }: FailWrite): FailOutcome {
    const stored = this.#records.get(uuid)?.state
    if (stored !== undefined && !(over as readonly TaskStateName[]).includes(stored.state)) return 'exists'
    const state = this.#next(uuid, taskName, 'FAILURE')
    this.#write({ ...state, error, createdAt: state.createdAt || createdAt }, expiresInMs)
    return 'written'
  }

  reopen({ uuid, errorPrefix }: Reopen): boolean {
    const stored = this.#records.get(uuid)?.state
    if (stored?.state !== 'FAILURE' || !stored.error.startsWith(errorPrefix)) return false
    this.#write(this.#next(uuid, '', 'PENDING'), UNFINISHED_KEPT_MS)
    return true
  }

  get(uuid: string): TaskState | undefined {
    return this.#records.get(uuid)?.state
  }

  purge(uuid: string): void {
    this.#records.delete(uuid)
    this.#onChange(uuid)
  }

  /** A state that carries over what every write keeps. */
  #next(uuid: string, taskName: string, state: TaskStateName): TaskState {
    const stored = this.#records.get(uuid)?.state
    return {
      uuid,
      taskName: taskName || (stored?.taskName ?? ''),
      state,
      results: [],
      error: '',
      createdAt: stored?.createdAt ?? '',
      ttl: 0,
      retryAt: undefined,
    }
  }

  #write(state: TaskState, expiresInMs: number, kept?: Omit<TaskRecord, 'state'>): void {
    const { token, begins, intents } = kept ?? { token: '', begins: 0, intents: NO_INTENTS }
    const keepMs = isTerminal(state.state) ? expiresInMs : Math.max(expiresInMs, UNFINISHED_KEPT_MS)
    this.#records.set(state.uuid, { state, token, begins, intents }, keepMs)
    this.#onChange(state.uuid)
  }
}
