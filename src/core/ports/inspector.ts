/** Counts of one queue, at one moment. */
export interface QueueStats {
  readonly queue: string
  /** Ready to be claimed. */
  readonly pending: number
  /** Held back until they are due. */
  readonly delayed: number
  /** Handed over and not settled. */
  readonly inFlight: number
  readonly dead: number
  /** Epoch ms at which the oldest pending message was published; undefined when none is, or the store does not know. */
  readonly oldestPendingAt: number | undefined
}

/** A message that waits for its time. */
export interface DelayedMessage {
  readonly body: Uint8Array
  readonly queue: string
  /** Epoch ms. */
  readonly dueAt: number
}

/** A message that was given up, with why. */
export interface DeadLetter {
  /** Names it for `redrive` and `purgeDead`. */
  readonly id: string
  readonly body: Uint8Array
  readonly queue: string
  readonly reason: string
  /** Epoch ms. */
  readonly deadAt: number
  readonly deliveryCount: number
}

/** A part of a long list. */
export interface Page {
  readonly offset: number
  readonly limit: number
}

/** Looks into queues without consuming from them. Lists are oldest first. */
export interface Inspector {
  /** Names of all queues that hold or held messages. */
  queues(): Promise<readonly string[]>
  stats(queue: string): Promise<QueueStats>
  pending(queue: string, page: Page): Promise<readonly Uint8Array[]>
  /** Of all queues, soonest first. */
  delayed(page: Page): Promise<readonly DelayedMessage[]>
  dead(queue: string, page: Page): Promise<readonly DeadLetter[]>
  /** Moves dead letters back to their queue, unchanged, with a delivery count of 0. Answers how many were there to move. */
  redrive(queue: string, ids: readonly string[]): Promise<number>
  /** Removes messages for good: the pending and delayed ones, or the dead ones. What is in flight stays. Answers how many. */
  purge(queue: string, what: 'waiting' | 'dead'): Promise<number>
}
