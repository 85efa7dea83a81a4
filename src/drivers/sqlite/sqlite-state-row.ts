import type { TaskResult } from '../../core/message.ts'
import type { TaskState, TaskStateName } from '../../core/task-state.ts'
import { decodeText } from './sqlite-text.ts'

/** Columns of a `StateRow`, in order. */
export const STATE_COLUMNS =
  'id, task_name, state, results, error, created_at, retry_at, token, begins, intents, expires_at'

/** A row of the table `state`. */
export type StateRow = readonly [
  id: number,
  taskName: string,
  state: TaskStateName,
  results: string | null,
  error: string | null,
  createdAt: string,
  retryAt: number | null,
  token: string | null,
  begins: number,
  intents: number,
  expiresAt: number,
]

/** A state with what only the protocol needs. */
export interface StoredState {
  readonly id: number
  readonly state: TaskState
  /** Of whoever began last; null when nobody did. */
  readonly token: string | null
  readonly begins: number
  /** How many attempts have recorded their next one. */
  readonly intents: number
}

const NO_RESULTS: readonly TaskResult[] = []

/** The state in a row; undefined when its time has passed. */
export function storedState(uuid: string, row: StateRow, now: number): StoredState | undefined {
  const [id, taskName, state, results, error, createdAt, retryAt, token, begins, intents, expiresAt] = row
  if (expiresAt <= now) return undefined
  return {
    id,
    state: {
      uuid,
      taskName,
      state,
      results: results === null ? NO_RESULTS : (JSON.parse(results) as readonly TaskResult[]),
      error: error === null ? '' : decodeText(error),
      createdAt,
      ttl: 0,
      retryAt: retryAt ?? undefined,
    },
    token,
    begins,
    intents,
  }
}
