/** How much a finding matters: `ok` is as it should be, `warning` may lose or delay work, `problem` does so now. */
export type FindingLevel = 'ok' | 'warning' | 'problem'

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, in kebab-case: `eviction-policy`. Stable, for scripts. */
  readonly check: string
  readonly level: FindingLevel
  /** What was found, with what would be right unless it is `ok`. Without secrets. */
  readonly text: string
  /** Whether `repair` mends it. */
  readonly canRepair: boolean
}

/**
 * What a driver knows to look at in its store: version and dangerous settings, clock, leases without an owner, shapes of queues
 * that do not fit. Looking changes nothing.
 */
export interface Diagnosis {
  /**
   * What it finds, the things that are as they should be too. What it may not look at is a warning.
   * @param queues names of queues to look at besides those that the store knows
   * @throws what the connection throws
   */
  diagnose(queues: readonly string[]): Promise<readonly Finding[]>
  /**
   * Mends what `diagnose` says it can: nothing that somebody holds is taken away from him. Safe to run again, and by several at once.
   * Answers what was done, a sentence each.
   */
  repair(queues: readonly string[]): Promise<readonly string[]>
}
