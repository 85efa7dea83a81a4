import type { TaskState } from '../core/task-state.ts'
import type { Held } from './held.ts'

/** How the FAILURE of a task begins that no worker knew (go-core 5.7). */
export const NOT_REGISTERED = 'Task not registered error: '

/** The FAILURE of a task that was delivered again and again. */
export const deliveredTooOften = (deliveries: number, maxDeliveries: number): string =>
  `delivered ${deliveries} times without an end; maxDeliveries is ${maxDeliveries}`
const DELIVERED_TOO_OFTEN = /^delivered \d+ times without an end; maxDeliveries is \d+$/

/** What decides whether the message of a failed task is kept. */
export interface KeptFailures {
  readonly deadLetterFailures: boolean
  /** Whether messages of tasks that are not registered are dropped. */
  readonly dropsUnknown: boolean
}

/**
 * The reason of the dead letter that a message should have become when its FAILURE was stored: it came back because its
 * worker, or the connection, ended between the two. Undefined where nothing is missing. What a handler rejected cannot be told
 * from other failures, and is not found.
 */
export function missingDeadLetter(
  { message, delivery }: Held,
  { state, error }: TaskState,
  { deadLetterFailures, dropsUnknown }: KeptFailures,
): string | undefined {
  if (state !== 'FAILURE' || delivery.deliveryCount === 0) return undefined
  if (DELIVERED_TOO_OFTEN.test(error)) return error
  if (error.startsWith(NOT_REGISTERED))
    return dropsUnknown || message.ignoreWhenTaskNotRegistered ? undefined : error
  return message.stopTaskDeletionOnError || deadLetterFailures ? `failed: ${error}` : undefined
}
