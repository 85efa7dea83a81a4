import type { Message } from '../core/message.ts'

/**
 * What becomes of a chord when a member fails.
 * - `fail-fast`: the callback becomes FAILURE at once, the other members still run.
 * - `wait-all`: the callback becomes FAILURE when all members have ended.
 * - `call-anyway`: the callback runs when all members have ended, with the results of those that succeeded, in order.
 */
export type MemberFailurePolicy = 'fail-fast' | 'wait-all' | 'call-anyway'

/** The policies, for checks. */
export const MEMBER_FAILURE_POLICIES: readonly MemberFailurePolicy[] = [
  'fail-fast',
  'wait-all',
  'call-anyway',
]

/** Header of a chord's callback that carries the policy; Go ignores it. */
export const MEMBER_FAILURE_HEADER = 'mq-on-member-failure'

/** The policy that travels with a callback; the default where there is none, or one that is not known. */
export function memberFailurePolicy(callback: Message): MemberFailurePolicy {
  const text = callback.headers?.get(MEMBER_FAILURE_HEADER)
  return MEMBER_FAILURE_POLICIES.find((policy) => text === `"${policy}"`) ?? 'fail-fast'
}
