/** One row of the error registry. */
export interface ErrorCodeEntry {
  /** When this code is raised, in one sentence. Stands in `docs/reference/errors.md` word for word. */
  readonly meaning: string
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
}

/**
 * Every code a `MachineryError` can carry. Codes are stable: people branch on them for years.
 * A test ties this table to `docs/reference/errors.md`.
 */
export const ERROR_CODES = {
  ERR_OPTION_INVALID: {
    meaning: 'An option or argument of the API has a value that is not allowed.',
    retryable: false,
  },
  ERR_TASK_DUPLICATE: { meaning: 'Two different tasks were registered under one name.', retryable: false },
  ERR_TASK_NOT_REGISTERED: { meaning: 'A task name is not registered with this server.', retryable: false },
  ERR_DRIVER_UNKNOWN: {
    meaning: 'No driver is known for the scheme of a broker, backend or lock URL.',
    retryable: false,
  },
  ERR_DRIVER_MISSING: {
    meaning: 'The client library that a driver needs is not installed.',
    retryable: false,
  },
  ERR_BACKEND_REQUIRED: {
    meaning: 'The operation needs a result backend and the server has none.',
    retryable: false,
  },
  ERR_UNSUPPORTED: {
    meaning: 'The driver in use does not have the capability that the operation needs.',
    retryable: false,
  },
  ERR_CONNECT_FAILED: {
    meaning: 'A connection to a broker, backend or lock could not be opened.',
    retryable: true,
  },
  ERR_CONNECTION_LOST: {
    meaning: 'A connection was lost while an operation was under way.',
    retryable: true,
  },
  ERR_STORE_BUSY: {
    meaning: 'The store stayed locked by another process for longer than the operation may wait.',
    retryable: true,
  },
  ERR_STORE_FULL: {
    meaning: 'The store has no room left: disk full, memory limit or size limit.',
    retryable: true,
  },
  ERR_STORE_FAILED: {
    meaning: 'The store answered with an error that has no code of its own; see cause.',
    retryable: false,
  },
  ERR_PUBLISH_REFUSED: { meaning: 'The broker refused a message; it is not stored.', retryable: true },
  ERR_PUBLISH_UNCERTAIN: {
    meaning:
      'It is not known whether the broker stored a message; sending it again under the same UUID is safe.',
    retryable: true,
  },
  ERR_MESSAGE_TOO_LARGE: {
    meaning: 'A message is larger than the limit of the product or of the broker.',
    retryable: false,
  },
  ERR_QUEUE_FULL: { meaning: 'The queue holds as many messages as its limit allows.', retryable: true },
  ERR_LEASE_LOST: {
    meaning: 'A delivery is no longer ours: its lease expired or it was already settled.',
    retryable: false,
  },
  ERR_DECODE: { meaning: 'Bytes are not a valid message, state, argument or result.', retryable: false },
  ERR_ENCODE: { meaning: 'A value has no representation on the wire.', retryable: false },
  ERR_LIMIT_EXCEEDED: {
    meaning:
      'A message exceeds a limit on untrusted input: size, depth, number length, arguments or nested signatures.',
    retryable: false,
  },
  ERR_ARGUMENTS_INVALID: {
    meaning: 'Arguments do not fit the contract or the schema of the task.',
    retryable: false,
  },
  ERR_RESULT_INVALID: {
    meaning: 'What a handler returned does not fit the contract of its task.',
    retryable: false,
  },
  ERR_TASK_FAILED: {
    meaning: 'The task ended in FAILURE; the message is the stored error text.',
    retryable: false,
  },
  ERR_TASK_CANCELLED: { meaning: 'The task was cancelled before it finished.', retryable: false },
  ERR_TASK_TIMEOUT: { meaning: 'A handler ran past its soft or hard limit.', retryable: false },
  ERR_TASK_REJECTED: { meaning: 'A handler rejected its task for good with reject().', retryable: false },
  ERR_RESULT_EXPIRED: {
    meaning: 'No state is stored for the task: it expired, was purged or never existed.',
    retryable: false,
  },
  ERR_WAIT_TIMEOUT: {
    meaning: 'The time given to a wait passed before what was waited for happened.',
    retryable: true,
  },
  ERR_STATE_CONFLICT: {
    meaning: 'A task is in a state that does not allow the operation.',
    retryable: false,
  },
  ERR_WORKFLOW_INVALID: {
    meaning: 'A workflow has a shape that cannot be expressed on the wire.',
    retryable: false,
  },
  ERR_WORKFLOW_TOO_LARGE: {
    meaning: 'A workflow is larger than a message may be, since callbacks are embedded by value.',
    retryable: false,
  },
  ERR_NO_CURRENT_TASK: {
    meaning: 'currentTask() was called outside of a running handler.',
    retryable: false,
  },
  ERR_LOCK_FAILED: { meaning: 'A lock is held by another owner.', retryable: true },
  ERR_CLOSED: { meaning: 'The object was closed, or is closing.', retryable: false },
} as const

/** The stable code of a `MachineryError`. */
export type ErrorCode = keyof typeof ERROR_CODES
