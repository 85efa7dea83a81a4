import type { TaskResult } from '../core/message.ts'
import { withMessage } from '../core/message.ts'
import type { CommitWrite, FailWrite, MemberOutcome, RetryWrite } from '../core/ports/backend.ts'
import type { Settlement } from '../core/ports/broker.ts'
import type { TaskState } from '../core/task-state.ts'
import { handOffContext, toOutgoing, type Runtime } from '../server/runtime.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import { stripTransport } from '../core/wire/publish-fields.ts'
import { handOff, NO_HAND_OFF, type HandOff } from '../workflow/hand-off.ts'
import { messageDigest } from './message-digest.ts'
import type { Held } from './held.ts'

/** How a delivery ends: what to store, what to hand off, and how to settle it, in this order (W1 R2). */
export interface Ending {
  readonly held: Held
  readonly commit: CommitWrite | undefined
  readonly retry: RetryWrite | undefined
  /** The FAILURE of a task that is given up without a run; what follows counts only if no other end was stored before. */
  readonly giveUp: FailWrite | undefined
  readonly handOff: HandOff
  readonly settlement: Settlement
  /** Tries of this ending that did not go through. */
  failures: number
}

/** The handler succeeded. */
export function successEnding(runtime: Runtime, held: Held, results: readonly TaskResult[]): Ending {
  return committed(runtime, held, { state: 'SUCCESS', results }, ack(held))
}

/** The task failed for good; its message may be kept as a dead letter. */
export function failureEnding(
  runtime: Runtime,
  held: Held,
  error: string,
  deadLetter: string | undefined,
): Ending {
  return committed(runtime, held, { state: 'FAILURE', error }, settled(held, deadLetter))
}

/** A terminal state was found: the hand-off of what is stored, once more (R3), and the dead letter if one is missing. */
export function repeatEnding(
  runtime: Runtime,
  held: Held,
  state: TaskState,
  deadLetter: string | undefined,
): Ending {
  return {
    ...settleEnding(held, settled(held, deadLetter)),
    handOff: handOff(held.message, storedOutcome(state), handOffContext(runtime)),
  }
}

/** The message will not run: FAILURE over any state that is not terminal, everything downstream with it, dead letter. */
export function giveUpEnding(runtime: Runtime, held: Held, reason: string): Ending {
  const giveUp: FailWrite | undefined = held.hasState
    ? {
        uuid: held.message.uuid,
        taskName: held.message.name,
        error: reason,
        createdAt: nowRfc3339(runtime.clock.now()),
        expiresInMs: runtime.resultsExpireInMs,
        over: ['PENDING', 'RECEIVED', 'STARTED', 'RETRY'],
      }
    : undefined
  return {
    ...settleEnding(held, settled(held, reason)),
    giveUp,
    handOff: handOff(held.message, { state: 'FAILURE', error: reason }, handOffContext(runtime)),
  }
}

/** What the next attempt carries on. */
export interface NextAttempt {
  readonly delayMs: number
  readonly error: string
  /** Remaining automatic retries after it. */
  readonly retryCount: number
  readonly retryTimeoutSeconds: number
}

/** The task runs again: its next message is recorded, then published (R5). */
export function retryEnding(runtime: Runtime, held: Held, next: NextAttempt): Ending {
  const retryAt = runtime.clock.now() + next.delayMs
  const outgoing = toOutgoing(
    runtime,
    withMessage(stripTransport(held.message), {
      routingKey: held.delivery.queue,
      eta: next.delayMs > 0 ? nowRfc3339(retryAt) : '',
      delayNs: 0n,
      retryCount: next.retryCount,
      attemptCount: held.message.attemptCount + 1,
      retryTimeoutSeconds: next.retryTimeoutSeconds,
    }),
  )
  const retry: RetryWrite | undefined = held.hasState
    ? {
        uuid: held.message.uuid,
        taskName: held.message.name,
        expiresInMs: runtime.resultsExpireInMs,
        token: held.delivery.id,
        digest: messageDigest(held.delivery.body),
        body: outgoing.body,
        error: next.error,
        retryAt,
      }
    : undefined
  return {
    ...settleEnding(held, ack(held)),
    retry,
    handOff: { ...NO_HAND_OFF, next: [{ message: outgoing, pending: undefined }] },
  }
}

/** Nothing to store or hand off. */
export function settleEnding(held: Held, settlement: Settlement): Ending {
  return {
    held,
    commit: undefined,
    retry: undefined,
    giveUp: undefined,
    handOff: NO_HAND_OFF,
    settlement,
    failures: 0,
  }
}

/** How a stored terminal state counts in a hand-off. */
export function storedOutcome(state: TaskState): MemberOutcome {
  return state.state === 'SUCCESS'
    ? { state: 'SUCCESS', results: state.results }
    : { state: 'FAILURE', error: state.error }
}

function ack(held: Held): Settlement {
  return { id: held.delivery.id, kind: 'ack' }
}

/** @param deadLetter the reason, where the message is kept */
function settled(held: Held, deadLetter: string | undefined): Settlement {
  return deadLetter === undefined
    ? ack(held)
    : { id: held.delivery.id, kind: 'deadLetter', reason: deadLetter }
}

function committed(runtime: Runtime, held: Held, outcome: MemberOutcome, settlement: Settlement): Ending {
  const commit: CommitWrite | undefined = held.hasState
    ? {
        uuid: held.message.uuid,
        taskName: held.message.name,
        expiresInMs: runtime.resultsExpireInMs,
        token: held.delivery.id,
        state: outcome.state,
        results: outcome.state === 'SUCCESS' ? outcome.results : [],
        error: outcome.state === 'FAILURE' ? outcome.error : '',
      }
    : undefined
  return {
    held,
    commit,
    retry: undefined,
    giveUp: undefined,
    handOff: handOff(held.message, outcome, handOffContext(runtime)),
    settlement,
    failures: 0,
  }
}
