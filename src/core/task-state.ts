import type { TaskResult } from './message.ts'

/** Machinery's state names (go-core 3.1). RECEIVED is read, never written (decision 0001). */
export type TaskStateName = 'PENDING' | 'RECEIVED' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE'

/** The stored state of one task. */
export interface TaskState {
  readonly uuid: string
  /** Empty where the writer did not carry it over. */
  readonly taskName: string
  readonly state: TaskStateName
  /** Set by SUCCESS. */
  readonly results: readonly TaskResult[]
  /** Set by FAILURE; while RETRY, the text of the last failure. */
  readonly error: string
  /** RFC 3339 UTC; empty when unknown. */
  readonly createdAt: string
  /** Epoch seconds; only some stores use it, otherwise 0. */
  readonly ttl: number
  /** Epoch milliseconds of the next attempt, while RETRY and known; a TypeScript-only field of the document. */
  readonly retryAt: number | undefined
}

/** SUCCESS and FAILURE are final. */
export function isTerminal(state: TaskStateName): boolean {
  return state === 'SUCCESS' || state === 'FAILURE'
}

/**
 * The legal transitions. A first write may be any state: a message from outside has no PENDING.
 *
 *     (none) → PENDING → STARTED → SUCCESS
 *                 │         ├────→ FAILURE
 *                 │         └────→ RETRY → STARTED …
 *                 └──────────────→ FAILURE      (cancelled, upstream failed, undecodable)
 *
 * STARTED → STARTED is a redelivery. Terminal states are left only by `reopen` (redrive of a FAILURE) and by a new generation
 * (`resend`), both to PENDING.
 */
export const TRANSITIONS: Readonly<Record<TaskStateName | 'none', readonly TaskStateName[]>> = {
  none: ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE'],
  PENDING: ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE'],
  RECEIVED: ['STARTED', 'RETRY', 'SUCCESS', 'FAILURE'],
  STARTED: ['STARTED', 'RETRY', 'SUCCESS', 'FAILURE'],
  RETRY: ['STARTED', 'RETRY', 'SUCCESS', 'FAILURE'],
  SUCCESS: [],
  FAILURE: [],
}

/** Whether a stored state may be replaced by `to`. */
export function canTransition(from: TaskStateName | undefined, to: TaskStateName): boolean {
  return TRANSITIONS[from ?? 'none'].includes(to)
}
