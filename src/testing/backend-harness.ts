import type {
  Backend,
  BeginWrite,
  CommitWrite,
  FailWrite,
  GroupFinish,
  GroupInit,
  PendingWrite,
  RetryWrite,
} from '../core/ports/backend.ts'
import type { TaskState } from '../core/task-state.ts'
import { bytes } from './broker-harness.ts'
import { type PassingTime, type TimeSource, passingTime } from './passing-time.ts'
import type { Chore } from '../core/ports/broker.ts'

/** One backend under test. */
export interface BackendSession extends TimeSource {
  readonly backend: Backend
  /** Chores that the backend relies on; those of a broker over the same store, for example. */
  readonly chores?: readonly Chore[]
  /** Closes the backend and opens the same store again. Left out only where states do not survive that (`persistent: false`). */
  readonly reopen?: () => Promise<Backend>
  readonly close: () => Promise<void>
}

/** How a suite gets at the backends of one driver. */
export interface BackendHarness {
  readonly name: string
  /** Called once per case. May give the same store each time: the cases use UUIDs of their own. */
  readonly open: () => Promise<BackendSession>
  /** Smallest expiry that the store can keep, in milliseconds. @default 1 */
  readonly expiryStepMs?: number
}

export const CREATED_AT = '2026-01-02T03:04:05.123456789Z'
export const HOUR_MS = 3_600_000

/** What a case of the backend suite works with. Each method writes one item and answers its outcome. */
export interface BackendTest extends PassingTime {
  readonly backend: Backend
  readonly session: BackendSession
  readonly expiryStepMs: number
  /** An id that no other case uses. */
  newUuid(label?: string): string
  pending(uuid: string, changes?: Partial<PendingWrite>): Promise<unknown>
  begin(uuid: string, token: string, changes?: Partial<BeginWrite>): Promise<unknown>
  commit(uuid: string, token: string, changes?: Partial<CommitWrite>): Promise<unknown>
  retry(uuid: string, token: string, changes?: Partial<RetryWrite>): Promise<unknown>
  fail(uuid: string, changes?: Partial<FailWrite>): Promise<unknown>
  reopen(uuid: string, errorPrefix?: string): Promise<unknown>
  state(uuid: string): Promise<TaskState | undefined>
  finish(
    groupUuid: string,
    memberUuid: string,
    count: number,
    changes?: Partial<GroupFinish>,
  ): Promise<unknown>
}

export const pendingWrite = (uuid: string, changes: Partial<PendingWrite> = {}): PendingWrite => ({
  uuid,
  taskName: 'add',
  createdAt: CREATED_AT,
  expiresInMs: HOUR_MS,
  reset: false,
  ...changes,
})

export const beginWrite = (uuid: string, token: string, changes: Partial<BeginWrite> = {}): BeginWrite => ({
  uuid,
  taskName: '',
  token,
  digest: 'digest-1',
  ifFirst: false,
  expiresInMs: HOUR_MS,
  ...changes,
})

export const commitWrite = (
  uuid: string,
  token: string,
  changes: Partial<CommitWrite> = {},
): CommitWrite => ({
  uuid,
  taskName: '',
  token,
  state: 'SUCCESS',
  results: changes.state === 'FAILURE' ? [] : [{ type: 'int64', value: '2' }],
  error: changes.state === 'FAILURE' ? 'it failed' : '',
  expiresInMs: HOUR_MS,
  ...changes,
})

export const retryWrite = (uuid: string, token: string, changes: Partial<RetryWrite> = {}): RetryWrite => ({
  uuid,
  taskName: '',
  token,
  digest: 'digest-1',
  body: bytes('{"UUID":"next attempt"}'),
  error: 'not yet',
  retryAt: 1_767_225_600_123,
  expiresInMs: HOUR_MS,
  ...changes,
})

export const failWrite = (uuid: string, changes: Partial<FailWrite> = {}): FailWrite => ({
  uuid,
  taskName: 'add',
  error: 'cancelled: by test',
  createdAt: CREATED_AT,
  over: ['PENDING'],
  expiresInMs: HOUR_MS,
  ...changes,
})

export const groupInit = (groupUuid: string, taskUuids: readonly string[]): GroupInit => ({
  groupUuid,
  taskUuids,
  createdAt: CREATED_AT,
  expiresInMs: HOUR_MS,
})

export const groupFinish = (
  groupUuid: string,
  memberUuid: string,
  count: number,
  changes: Partial<GroupFinish> = {},
): GroupFinish => ({
  groupUuid,
  memberUuid,
  count,
  outcome: { state: 'SUCCESS', results: [{ type: 'string', value: JSON.stringify(memberUuid) }] },
  expiresInMs: HOUR_MS,
  ...changes,
})

function backendTest(harness: BackendHarness, session: BackendSession): BackendTest {
  const { backend, clock } = session
  const { tasks, groups } = backend
  const time = passingTime(session, session.chores ?? [])
  const one = async <T>(what: string, answer: Promise<readonly T[]>): Promise<T> => {
    const answers = await time.settled(answer, what)
    if (answers.length !== 1) throw new Error(`${what} answered ${answers.length} outcomes to one item`)
    return answers[0] as T
  }
  let uuids = 0
  return {
    ...time,
    backend,
    session,
    expiryStepMs: harness.expiryStepMs ?? 1,
    newUuid: (label = 'task') => `${label}_conformance-${clock.random().toString(36).slice(2)}-${uuids++}`,
    pending: (uuid, changes) => one('pending', tasks.pending([pendingWrite(uuid, changes)])),
    begin: (uuid, token, changes) => one('begin', tasks.begin([beginWrite(uuid, token, changes)])),
    commit: (uuid, token, changes) => one('commit', tasks.commit([commitWrite(uuid, token, changes)])),
    retry: (uuid, token, changes) => one('retry', tasks.retry([retryWrite(uuid, token, changes)])),
    fail: (uuid, changes) => one('fail', tasks.fail([failWrite(uuid, changes)])),
    reopen: (uuid, errorPrefix = '') => one('reopen', tasks.reopen([{ uuid, errorPrefix }])),
    state: (uuid) => one('get', tasks.get([uuid])),
    finish: (groupUuid, memberUuid, count, changes) =>
      one('finish', groups.finish([groupFinish(groupUuid, memberUuid, count, changes)])),
  }
}

/** Wraps a case: opens a session, runs it, closes the session whatever happened. */
export function inBackendSession(
  harness: BackendHarness,
  run: (test: BackendTest) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const session = await harness.open()
    try {
      await run(backendTest(harness, session))
    } finally {
      await session.close()
    }
  }
}

/** Defines one case of the backend suite. */
export type BackendCase = (name: string, run: (test: BackendTest) => Promise<void>) => void
