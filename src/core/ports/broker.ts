import type { MachineryError } from '../errors.ts'
import type { Backend } from './backend.ts'
import type { BrokerCapabilities } from './capabilities.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Inspector } from './inspector.ts'
import type { SameStore } from './same-store.ts'

/** One message to publish. `body` is the finished wire document; a driver never looks into it, and may keep it: do not change it. */
export interface Outgoing {
  readonly queue: string
  readonly body: Uint8Array
  /** 0 = at once. */
  readonly delayMs: number
  /** 0…255; higher first. Ignored by drivers without the capability. */
  readonly priority: number
  /** Id of the task, for logs, deduplication and message properties; not unique per message. */
  readonly uuid: string
  /** Messages with the same key keep their order on brokers with FIFO groups; empty = none. */
  readonly orderingKey: string
}

/**
 * What became of one message. `stored`: the broker has it for good. `refused`: it certainly has not. `uncertain`: a reply
 * was lost; publishing it again under the same UUID is safe. `error` is there unless stored.
 */
export interface PublishOutcome {
  readonly outcome: 'stored' | 'refused' | 'uncertain'
  readonly error?: MachineryError
}

/** Plain data: one hand-over of a message to one consumer. */
export interface Delivery {
  /** Names this hand-over, unique in the broker and never reused. */
  readonly id: string
  /** The bytes as they were published. */
  readonly body: Uint8Array
  readonly queue: string
  /** Earlier hand-overs of this message that were counted: 0 the first time. */
  readonly deliveryCount: number
  /** Epoch ms at which this hand-over happened. */
  readonly receivedAt: number
  /**
   * True where the broker saw that its task, whose state is in the same store, has none yet or is PENDING: whoever uses that
   * backend need not read it.
   */
  readonly isNew?: boolean
}

/**
 * What to do with a delivery.
 * - `ack`: it is done; the message is removed.
 * - `release`: give it back, visible after `delayMs`, unchanged. `counted` raises its `deliveryCount`.
 * - `deadLetter`: move it, unchanged and with the reason, to the dead letters of its queue. Copy before delete.
 */
export type Settlement = { readonly id: string } & (
  | { readonly kind: 'ack' }
  | { readonly kind: 'release'; readonly delayMs: number; readonly counted: boolean }
  | { readonly kind: 'deadLetter'; readonly reason: string }
)

/** `lost`: the delivery was no longer ours (its lease expired, or it had been settled); nothing was changed. */
export type SettleOutcome = 'settled' | 'lost'

/** Options of `Broker.consume`. */
export interface ConsumeOptions {
  /** Most deliveries that may be handed over and not yet settled. */
  readonly maxUnsettled: number
  /** Called when deliveries stop being ours without having been settled. Must not throw. */
  readonly onLost: (ids: readonly string[]) => void
}

/**
 * The fetch handle of one queue. Pull-based: nothing is handed over that was not asked for.
 * A delivery that is not settled returns to the queue when its lease expires or its consumer is closed; drivers renew
 * leases by themselves, from a thread of their own where a blocked event loop would lose them.
 */
export interface Consumer {
  /**
   * Resolves with 1…`want` deliveries as soon as at least one is there, never with more than `maxUnsettled` allows.
   * What arrives after the abort stays for the next claim, so that no lease is stranded.
   * Without a signal it does not wait: it resolves with what is there now, perhaps nothing.
   * One claim at a time: a second one before the first has ended rejects with `ERR_STATE_CONFLICT`.
   * @throws the signal's reason when it is aborted with nothing claimed; `ERR_CLOSED` after `close()`; a retryable
   * `ERR_CONNECTION_LOST`, `ERR_STORE_BUSY` or `ERR_STORE_FULL`, after which the caller waits and claims again.
   */
  claim(want: number, signal?: AbortSignal): Promise<readonly Delivery[]>
  /** Settles in order, all or nothing per item. A rejection means that it is not known what happened: settling again is safe. */
  settle(batch: readonly Settlement[]): Promise<readonly SettleOutcome[]>
  /** Changes `maxUnsettled`; what is handed over already stays. */
  resize(maxUnsettled: number): Promise<void>
  /** Makes the leases of these deliveries last at least `ms` from now. */
  extend?(ids: readonly string[], ms: number): Promise<void>
  /** Idempotent. Gives back, uncounted, what was not settled; a pending claim rejects with `ERR_CLOSED`. */
  close(): Promise<void>
}

/** Periodic work of a driver, such as moving due messages or reaping dead consumers. L1 runs it, with jitter and error handling. */
export interface Chore {
  readonly name: string
  /** Must be harmless when several processes run it at once. */
  run(signal: AbortSignal): Promise<{ readonly nextInMs: number }>
}

/** Carries messages from producers to workers, at least once. */
export interface Broker {
  readonly capabilities: BrokerCapabilities
  readonly inspector?: Inspector
  /** What `machinery doctor` looks at. */
  readonly diagnosis?: Diagnosis
  readonly chores: readonly Chore[]
  /**
   * Answers one outcome per message, in order, and never rejects for one message.
   * A body above `maxBodyBytes` is `refused` with `ERR_MESSAGE_TOO_LARGE`, a delay that the driver cannot keep with
   * `ERR_UNSUPPORTED`, an empty queue name with `ERR_OPTION_INVALID`.
   * @throws `ERR_CLOSED` after `close()`.
   */
  publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]>
  /** @throws `ERR_OPTION_INVALID` for an empty queue name or a `maxUnsettled` below 1; `ERR_CLOSED` after `close()`. */
  consume(queue: string, options: ConsumeOptions): Promise<Consumer>
  /** What can be fused because `backend` is the same store; undefined if it is not. */
  sameStore?(backend: Backend): SameStore | undefined
  /** Idempotent; closes all consumers first. */
  close(): Promise<void>
}
