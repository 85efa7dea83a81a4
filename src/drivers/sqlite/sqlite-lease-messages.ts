import type { Held, LeaseThreadData } from '../shared/lease-messages.ts'

/** What the lease thread is given when it starts. */
export interface SqliteLeaseData extends LeaseThreadData {
  readonly file: string
  readonly session: string
}

/** How many consumers the store has; the thread renews all of its session. */
export type SqliteHeld = Held

/** `doubt`: fewer consumers than expected were there to beat for. */
export type SqliteLeaseNews = 'doubt'
