import { errorText } from '../core/errors.ts'
import type { Held } from './held.ts'
import type { UnknownTaskPolicy } from './worker-options.ts'

/** How the error of a task begins that a worker does not know (go-core 5.7). */
export const NOT_REGISTERED = 'Task not registered error: '

/** Deliveries after which a task that no worker knows becomes a dead letter: about an hour of 1 → 60 s pauses. */
export const MAX_UNKNOWN_DELIVERIES = 66
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** What becomes of a message whose task is not registered here. */
export type UnknownTaskEnd =
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'deadLetter'; readonly reason: string }
  | { readonly kind: 'later'; readonly delayMs: number }

/**
 * Applies the policy. The message's own `IgnoreWhenTaskNotRegistered` drops it first, as in Go (go-core 5.7). The bytes are
 * not changed: later means a counted release, so another worker that knows the task can take it meanwhile.
 */
export function unknownTaskEnd(held: Held, policy: UnknownTaskPolicy): UnknownTaskEnd {
  const { name, uuid, ignoreWhenTaskNotRegistered } = held.message
  const { queue, deliveryCount } = held.delivery
  const reason = `${NOT_REGISTERED}${name}`
  if (ignoreWhenTaskNotRegistered) return { kind: 'drop', reason }
  if (typeof policy === 'function') {
    try {
      const answer = policy({ uuid, name, queue, deliveryCount })
      if (answer === 'drop') return { kind: 'drop', reason }
      if (answer === 'deadLetter') return { kind: 'deadLetter', reason }
      if (Number.isFinite(answer.retryInMs)) return { kind: 'later', delayMs: Math.max(0, answer.retryInMs) }
      return {
        kind: 'deadLetter',
        reason: `${reason}; unknownTask answered retryInMs ${answer.retryInMs}; a number of ms is right`,
      }
    } catch (error) {
      return { kind: 'deadLetter', reason: `${reason}; unknownTask threw: ${errorText(error)}` }
    }
  }
  if (policy === 'drop') return { kind: 'drop', reason }
  if (policy === 'deadLetter') return { kind: 'deadLetter', reason }
  if (deliveryCount + 1 >= MAX_UNKNOWN_DELIVERIES) {
    return { kind: 'deadLetter', reason: `${reason}; no worker knew it in ${deliveryCount + 1} deliveries` }
  }
  return {
    kind: 'later',
    delayMs: Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(deliveryCount, 6)),
  }
}
