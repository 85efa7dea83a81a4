/** What a schedule is, as it is stored: enough for any server to show it, not to run it. */
export interface ScheduleDefinition {
  readonly name: string
  /** The cron spec with its zone prefix, as it was given. */
  readonly spec: string
  /** Options of the schedule as JSON text, for display. */
  readonly options: string
}

/** A stored schedule. */
export interface StoredSchedule extends ScheduleDefinition {
  /** Epoch ms of the newest tick that was fired; before the first, the moment at which the schedule was first stored. */
  readonly lastTickAt: number
  /** Whether any tick was fired. */
  readonly hasFired: boolean
  readonly isPaused: boolean
}

/** One tick to fire. */
export interface FireWrite {
  readonly name: string
  /** Epoch ms of the activation: names the tick. */
  readonly tickAt: number
  /** What has to be published for it, as bytes that any server can publish. */
  readonly payload: Uint8Array
}

/** `fired`: the tick is ours, its payload waits in the outbox. `skipped`: this tick or a later one was fired, or it is paused, or unknown. */
export type FireOutcome = 'fired' | 'skipped'

/** A tick that was fired and is not known to be published. */
export interface OutboxEntry {
  readonly name: string
  readonly tickAt: number
  readonly payload: Uint8Array
  /** Epoch ms, by the store's clock, at which it was fired. */
  readonly firedAt: number
}

/**
 * Protocol C1 (spec: reliability 5): exactly one enqueue per tick with any number of servers. `fire` moves a schedule's last tick
 * forward and puts the payload into the outbox, atomically; whoever publishes it then takes it out with `published`. What a crash
 * leaves in the outbox, any server publishes.
 */
export interface ScheduleStore {
  /** Epoch ms by the clock of the store: the one clock that all servers share. */
  now(): Promise<number>
  /**
   * Stores the definition; a schedule that exists keeps its last tick and its pause. A changed spec moves the last tick up to
   * now, so that ticks of the past are not caught up under new rules.
   */
  put(definition: ScheduleDefinition): Promise<void>
  /** All of them, by name. */
  list(): Promise<readonly StoredSchedule[]>
  get(name: string): Promise<StoredSchedule | undefined>
  /** Fired only if `tickAt` is after the last tick, and the schedule exists and is not paused. */
  fire(tick: FireWrite): Promise<FireOutcome>
  /** Takes the tick out of the outbox; does nothing when it is not there. */
  published(name: string, tickAt: number): Promise<void>
  /** Ticks in the outbox that were fired at least `olderThanMs` ago, oldest first, at most `limit`. */
  outbox(olderThanMs: number, limit: number): Promise<readonly OutboxEntry[]>
  /** Answers whether the schedule exists. Resuming moves the last tick up to now: what was missed meanwhile stays missed. */
  setPaused(name: string, isPaused: boolean): Promise<boolean>
  /** Removes the schedule with what is in its outbox. Answers whether it existed. */
  remove(name: string): Promise<boolean>
}
