import type {
  CommitWrite,
  FailWrite,
  GroupFinish,
  GroupInit,
  PendingOutcome,
  PendingWrite,
  RetryWrite,
} from './backend.ts'
import type { Outgoing, PublishOutcome } from './broker.ts'

/** One send: all of it happens or none. */
export interface SendUnit {
  readonly groups: readonly GroupInit[]
  /**
   * A message is published only if its state's outcome is `written`, or it has none: where state and message are stored
   * together, a PENDING that stands already has its message.
   */
  readonly messages: readonly GuardedMessage[]
}

/** A message, published unless the state it belongs to says that it went further already: `exists` (R4). */
export interface GuardedMessage {
  readonly message: Outgoing
  readonly pending: PendingWrite | undefined
}

/** What became of one send: per message its state's outcome, and how the publish went. */
export interface SendOutcome {
  /** `stored` also where nothing had to be published. */
  readonly publish: PublishOutcome
  /** One per message; `written` for messages without a state. */
  readonly states: readonly PendingOutcome[]
}

/** The end of one delivery: all of it happens or none. */
export interface FinishUnit {
  /** Id of the delivery to acknowledge. */
  readonly deliveryId: string
  /** Exactly one of commit and retry, or neither for a task without a state. */
  readonly commit: CommitWrite | undefined
  readonly retry: RetryWrite | undefined
  readonly groups: readonly GroupInit[]
  /** What comes next: callbacks, or the next attempt (which has no `pending`). */
  readonly next: readonly GuardedMessage[]
  /** Downstream tasks that will never run. */
  readonly fail: readonly FailWrite[]
  /** The member itself, and the members downstream of it that will never run. */
  readonly finishes: readonly GroupFinish[]
}

/**
 * `done`: everything happened, the acknowledgement included. `fenced`: nothing happened, since another terminal state or
 * token stands, an intent is recorded, or the delivery is not ours: the generic path over the two ports decides.
 * `trigger`: a member of `finishes` owns its group's trigger, or the backend has to be asked whether it does; everything else
 * happened but the acknowledgement, which the generic path gives after the trigger. `failed`: the store refused, nothing happened; the generic path tries again.
 */
export type FinishUnitOutcome = 'done' | 'fenced' | 'trigger' | 'failed'

/** What can be fused when broker and backend are one store. It must equal the generic path over the two ports. */
export interface SameStore {
  /** PENDING, groups and publish in one transaction or script per unit; units of a batch may share one. */
  send(batch: readonly SendUnit[]): Promise<readonly SendOutcome[]>
  /** Commit, next states, publish, group count and acknowledgement in one. */
  finish(batch: readonly FinishUnit[]): Promise<readonly FinishUnitOutcome[]>
}
