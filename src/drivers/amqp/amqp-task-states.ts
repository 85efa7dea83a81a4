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
  TaskStates,
} from '../../core/ports/backend.ts'
import { isTerminal, type TaskState, type TaskStateName } from '../../core/task-state.ts'
import type { AmqpRecords, RecordChange } from './amqp-records.ts'
import { decodeRecord, encodeRecord, type TaskRecord } from './amqp-task-record.ts'

/** A state that is not terminal is kept at least this long, as far as the queue is. */
const UNFINISHED_KEPT_MS = 86_400_000

type Decision<T> = RecordChange<T>

const unchanged = <T>(answer: T): Decision<T> => ({ answer, change: 'none' })

/**
 * The states of tasks, each the last message of a queue that is named after its task, declared as Go declares it
 * (go-brokers-backends 4.5).
 * @param queueMs Go's ResultsExpireIn: what the queues are declared with
 */
export function amqpTaskStates(records: AmqpRecords, queueMs: number, requireOpen: () => void): TaskStates {
  const args = { 'x-message-ttl': queueMs, 'x-expires': queueMs }
  const each = async <W extends { readonly uuid: string }, T>(
    batch: readonly W[],
    decide: (write: W, stored: TaskRecord | undefined) => Decision<T>,
  ): Promise<readonly T[]> => {
    requireOpen()
    return records.changeEach(
      batch,
      ({ uuid }) => ({ queue: uuid, arguments: args, autoDelete: true, isBound: true }),
      (write, body) => decide(write, body === undefined ? undefined : decodeRecord(body)),
    )
  }
  const named = (uuids: readonly string[]) => uuids.map((uuid) => ({ uuid }))
  return {
    pending: (batch) => each(batch, pending),
    begin: (batch) => each(batch, begin),
    commit: (batch) => each(batch, commit),
    retry: (batch) => each(batch, retry),
    fail: (batch) => each(batch, fail),
    reopen: (batch) => each(batch, reopen),
    get: (uuids) => each(named(uuids), (_, stored) => unchanged(stored?.state)),
    async purge(uuids) {
      await each(named(uuids), () => ({ answer: undefined, change: 'remove' }))
    },
  }
}

function pending(write: PendingWrite, stored: TaskRecord | undefined): Decision<PendingOutcome> {
  const answer =
    stored === undefined || write.reset ? 'written' : stored.state.state === 'PENDING' ? 'pending' : 'exists'
  if (answer === 'exists') return unchanged(answer)
  const createdAt = answer === 'written' ? write.createdAt : stored?.state.createdAt || write.createdAt
  const state = { ...next(write.uuid, write.taskName, 'PENDING', stored), createdAt }
  return written(answer, state, write.expiresInMs, answer === 'written' ? undefined : stored)
}

function begin(write: BeginWrite, stored: TaskRecord | undefined): Decision<BeginOutcome> {
  const { uuid, taskName, token, digest, ifFirst, expiresInMs } = write
  if (stored !== undefined) {
    if (isTerminal(stored.state.state)) return unchanged({ kind: 'done', state: stored.state })
    const body = intentOf(stored, digest)
    if (body !== undefined) return unchanged({ kind: 'intent', body })
    if (ifFirst && (stored.token !== '' || stored.state.state !== 'PENDING'))
      return unchanged({ kind: 'skipped' })
  }
  const begins = (stored?.begins ?? 0) + 1
  const kept = { token, begins, intents: stored?.intents ?? {} }
  return written({ kind: 'run', begins }, next(uuid, taskName, 'STARTED', stored), expiresInMs, kept)
}

function obstacle(
  token: string,
  stored: TaskRecord | undefined,
): Exclude<CommitOutcome, { kind: 'committed' }> | undefined {
  if (stored === undefined) return undefined
  if (isTerminal(stored.state.state)) return { kind: 'done', state: stored.state }
  return stored.token !== '' && stored.token !== token ? { kind: 'fenced' } : undefined
}

function commit(write: CommitWrite, stored: TaskRecord | undefined): Decision<CommitOutcome> {
  const { uuid, taskName, token, state, results, error, expiresInMs } = write
  const why = obstacle(token, stored)
  if (why !== undefined) return unchanged(why)
  return written(
    { kind: 'committed' },
    { ...next(uuid, taskName, state, stored), results, error },
    expiresInMs,
  )
}

function retry(write: RetryWrite, stored: TaskRecord | undefined): Decision<RetryOutcome> {
  const { uuid, taskName, token, digest, body, error, retryAt, expiresInMs } = write
  const why = obstacle(token, stored)
  if (why?.kind === 'done') return unchanged(why)
  const recorded = stored === undefined ? undefined : intentOf(stored, digest)
  if (recorded !== undefined) return unchanged({ kind: 'intent', body: recorded })
  if (why !== undefined) return unchanged(why)
  const intents = { ...stored?.intents, [digest]: Buffer.from(body).toString('base64') }
  const kept = { token: stored?.token ?? '', begins: stored?.begins ?? 0, intents }
  return written(
    { kind: 'recorded' },
    { ...next(uuid, taskName, 'RETRY', stored), error, retryAt },
    expiresInMs,
    kept,
  )
}

function fail(write: FailWrite, stored: TaskRecord | undefined): Decision<FailOutcome> {
  const { uuid, taskName, error, createdAt, over, expiresInMs } = write
  if (stored !== undefined && !(over as readonly TaskStateName[]).includes(stored.state.state))
    return unchanged('exists')
  const state = next(uuid, taskName, 'FAILURE', stored)
  return written('written', { ...state, error, createdAt: state.createdAt || createdAt }, expiresInMs)
}

function reopen({ uuid, errorPrefix }: Reopen, stored: TaskRecord | undefined): Decision<boolean> {
  if (stored?.state.state !== 'FAILURE' || !stored.state.error.startsWith(errorPrefix))
    return unchanged(false)
  return written(true, next(uuid, '', 'PENDING', stored), UNFINISHED_KEPT_MS)
}

function intentOf({ intents }: TaskRecord, digest: string): Uint8Array | undefined {
  const text = Object.hasOwn(intents, digest) ? intents[digest] : undefined
  return text === undefined ? undefined : Uint8Array.from(Buffer.from(text, 'base64'))
}

/** A state that carries over what every write keeps. */
function next(
  uuid: string,
  taskName: string,
  state: TaskStateName,
  stored: TaskRecord | undefined,
): TaskState {
  return {
    uuid,
    taskName: taskName || (stored?.state.taskName ?? ''),
    state,
    results: [],
    error: '',
    createdAt: stored?.state.createdAt ?? '',
    ttl: 0,
    retryAt: undefined,
  }
}

function written<T>(
  answer: T,
  state: TaskState,
  expiresInMs: number,
  kept?: Omit<TaskRecord, 'state'>,
): Decision<T> {
  const { token, begins, intents } = kept ?? { token: '', begins: 0, intents: {} }
  const keepMs = isTerminal(state.state) ? expiresInMs : Math.max(expiresInMs, UNFINISHED_KEPT_MS)
  return { answer, change: 'write', body: encodeRecord({ state, token, begins, intents }), keepMs }
}
