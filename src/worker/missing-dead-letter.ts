import type { TaskState } from '../core/task-state.ts'
import type { Held } from './held.ts'
import { NOT_REGISTERED, unknownTaskEnd } from './unknown-task.ts'
import type { UnknownTaskPolicy } from './worker-options.ts'

/** The FAILURE of a task that was delivered again and again. */
export const deliveredTooOften = (deliveries: number, maxDeliveries: number): string =>
  `delivered ${deliveries} times without an end; maxDeliveries is ${maxDeliveries}`
const DELIVERED_TOO_OFTEN = /^delivered \d+ times without an end; maxDeliveries is \d+$/

/** What decides whether the message of a failed task is kept. */
export interface KeptFailures {
  readonly deadLetterFailures: boolean
  readonly unknownTask: UnknownTaskPolicy
}

/**
 * The reason of the dead letter that a message should have become when its FAILURE was stored: it came back because its
 * worker, or the connection, ended between the two. Undefined where nothing is missing. What a handler rejected cannot be told
 * from other failures, and is not found.
 */
export function missingDeadLetter(
  held: Held,
  { state, error }: TaskState,
  { deadLetterFailures, unknownTask }: KeptFailures,
): string | undefined {
  if (state !== 'FAILURE' || held.delivery.deliveryCount === 0) return undefined
  if (DELIVERED_TOO_OFTEN.test(error)) return error
  if (error.startsWith(NOT_REGISTERED))
    return unknownTaskEnd(held, unknownTask).kind === 'drop' ? undefined : error
  return held.message.stopTaskDeletionOnError || deadLetterFailures ? `failed: ${error}` : undefined
}
