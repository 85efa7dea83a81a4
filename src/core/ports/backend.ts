import type { TaskResult } from '../message.ts'
import type { TaskState, TaskStateName } from '../task-state.ts'
import type { BackendCapabilities } from './capabilities.ts'
import type { ControlStore } from './control-store.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { ScheduleStore } from './schedule-store.ts'

// Protocol W1 (spec: reliability 4.2). Every method takes an array and answers in order; each item is atomic by itself.
// Each write keeps the stored createdAt, and the stored taskName when it has none of its own. `expiresInMs` re-arms the
// time after which the state may be forgotten; a state that is not terminal is kept at least 24 h.

/** Fields that every write carries. */
interface StateWrite {
  readonly uuid: string
  /** Empty keeps what is stored. */
  readonly taskName: string
  readonly expiresInMs: number
}

export interface PendingWrite extends StateWrite {
  /** RFC 3339 UTC. */
  readonly createdAt: string
  /** Starts a new generation: also replaces a later or terminal state, with its createdAt, token, intents and count of begins. */
  readonly reset: boolean
}

/** `written`: was absent, or reset. `pending`: was PENDING already and still is. `exists`: a later state stands and was not touched. */
export type PendingOutcome = 'written' | 'pending' | 'exists'

export interface BeginWrite extends StateWrite {
  /** The delivery id. Whoever begins last owns the right to commit. */
  readonly token: string
  /** Digest of the message bytes: names this attempt. */
  readonly digest: string
  /** Only if no token is stored and the state is absent or PENDING: for a first delivery that already runs. */
  readonly ifFirst: boolean
}

/**
 * `run`: STARTED and the token are stored; `begins` counts the begins since the generation began, this one included.
 * `done`: a terminal state stands. `intent`: this attempt already decided to retry with these bytes.
 * `skipped`: `ifFirst` did not hold, and no terminal state stands.
 */
export type BeginOutcome =
  | { readonly kind: 'run'; readonly begins: number }
  | { readonly kind: 'done'; readonly state: TaskState }
  | { readonly kind: 'intent'; readonly body: Uint8Array }
  | { readonly kind: 'skipped' }

export interface CommitWrite extends StateWrite {
  readonly token: string
  readonly state: 'SUCCESS' | 'FAILURE'
  readonly results: readonly TaskResult[]
  readonly error: string
}

/** `committed`: this write won. `done`: another terminal state stands, untouched. `fenced`: another token is stored. */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'done'; readonly state: TaskState }
  | { readonly kind: 'fenced' }

export interface RetryWrite extends StateWrite {
  readonly token: string
  readonly digest: string
  /** The exact bytes of the next attempt, recorded before they are published. */
  readonly body: Uint8Array
  readonly error: string
  /** Epoch ms of the next attempt. */
  readonly retryAt: number
}

/** `recorded`: RETRY and the bytes are stored. `intent`: this attempt had recorded other bytes before; publish those. */
export type RetryOutcome =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'intent'; readonly body: Uint8Array }
  | { readonly kind: 'done'; readonly state: TaskState }
  | { readonly kind: 'fenced' }

export interface FailWrite extends StateWrite {
  readonly error: string
  readonly createdAt: string
  /** States that may be replaced; an absent one always may. */
  readonly over: readonly Exclude<TaskStateName, 'SUCCESS' | 'FAILURE'>[]
}

/** `written`: FAILURE is stored. `exists`: a state that may not be replaced stands. */
export type FailOutcome = 'written' | 'exists'

export interface Reopen {
  readonly uuid: string
  /** Only a FAILURE whose text starts with this; empty = any FAILURE. A SUCCESS is never undone. */
  readonly errorPrefix: string
}

/** States of tasks. */
export interface TaskStates {
  /** R4: PENDING if absent or PENDING. */
  pending(batch: readonly PendingWrite[]): Promise<readonly PendingOutcome[]>
  begin(batch: readonly BeginWrite[]): Promise<readonly BeginOutcome[]>
  /** R6: the first terminal write wins; the token is compared when one is stored. Forgets token and intents. */
  commit(batch: readonly CommitWrite[]): Promise<readonly CommitOutcome[]>
  /** R5. An intent is kept for every attempt until the commit. */
  retry(batch: readonly RetryWrite[]): Promise<readonly RetryOutcome[]>
  /** FAILURE for a task that does not run: cancelled, dead-lettered, or its upstream failed. */
  fail(batch: readonly FailWrite[]): Promise<readonly FailOutcome[]>
  /** A FAILURE becomes PENDING again, without results, error, token and intents. Answers whether it did. */
  reopen(batch: readonly Reopen[]): Promise<readonly boolean[]>
  get(uuids: readonly string[]): Promise<readonly (TaskState | undefined)[]>
  /** Forgets the states; unknown ones do not matter. */
  purge(uuids: readonly string[]): Promise<void>
}

export interface GroupInit {
  readonly groupUuid: string
  /** In order; callback arguments follow it. */
  readonly taskUuids: readonly string[]
  readonly createdAt: string
  readonly expiresInMs: number
}

/** How a member ended: what the callback needs, kept apart from the state, so that it survives the state's expiry. */
export type MemberOutcome =
  | { readonly state: 'SUCCESS'; readonly results: readonly TaskResult[] }
  | { readonly state: 'FAILURE'; readonly error: string }

export interface GroupFinish {
  readonly groupUuid: string
  readonly memberUuid: string
  /** Members of the group, as the message says. */
  readonly count: number
  readonly outcome: MemberOutcome
  readonly expiresInMs: number
}

/**
 * `wait`: others are not finished. `trigger`: this member owns the trigger and must run it, then call `triggered`; the
 * same member gets it again until then. `other`: another member owns it. `done`: it was triggered.
 */
export type FinishOutcome = 'wait' | 'trigger' | 'other' | 'done'

export interface GroupState {
  readonly groupUuid: string
  readonly taskUuids: readonly string[]
  readonly createdAt: string
  readonly triggered: boolean
  readonly members: ReadonlyMap<string, MemberOutcome>
}

/** Counts the members of groups, O(1) per member. Kept 7 days, re-armed by each finish. */
export interface GroupStates {
  /** Does nothing to a group that was initialised; one that only finishes have touched gets its order of members. */
  init(batch: readonly GroupInit[]): Promise<void>
  /** Idempotent per member: the first outcome stays. Works for a group that was never initialised. */
  finish(batch: readonly GroupFinish[]): Promise<readonly FinishOutcome[]>
  triggered(groupUuids: readonly string[]): Promise<void>
  /** Takes a member's outcome out again, and the trigger with it, for a redrive. */
  reopen(groupUuid: string, memberUuid: string): Promise<void>
  get(groupUuids: readonly string[]): Promise<readonly (GroupState | undefined)[]>
  purge(groupUuids: readonly string[]): Promise<void>
}

/** Told of a change: whose, and the state that stands now where it is terminal and the store had it at hand. */
export type OnStateChange = (uuid: string, terminal?: TaskState) => void

/** Stores states and results, and counts groups. */
export interface Backend {
  readonly capabilities: BackendCapabilities
  readonly tasks: TaskStates
  readonly groups: GroupStates
  /** Periodic tasks with exactly one enqueue per tick, where the store can. */
  readonly schedules?: ScheduleStore
  /** Registry of workers, pauses and orders, where the store can. */
  readonly control?: ControlStore
  /** What `machinery doctor` looks at, where the broker of the same store does not do so. */
  readonly diagnosis?: Diagnosis
  /**
   * Resolves when every later change of these states calls `onChange` with the UUID, at least once after the change
   * can be read; spurious and merged calls are allowed. The answer ends it. A state read after it resolved misses nothing.
   * A store that has a terminal state at hand gives it along: whoever waits for it need not read.
   */
  watch?(uuids: readonly string[], onChange: OnStateChange): Promise<() => void>
  /** Idempotent. What is under way ends first; every later call rejects with `ERR_CLOSED`. */
  close(): Promise<void>
}
