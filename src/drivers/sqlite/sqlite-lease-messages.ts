import type { CodePlace } from './blocking-function.ts'

/** What the lease thread is given when it starts. */
export interface LeaseThreadData {
  readonly file: string
  readonly session: string
  readonly leaseMs: number
  readonly maxBlockMs: number
  readonly blockWarningMs: number
  /** One 32-bit counter, which the main thread raises to show that it runs. */
  readonly alive: SharedArrayBuffer
  /** Whether the thread may stop the main thread for a moment to see what it does. */
  readonly canInspect: boolean
}

/** From the main thread. */
export type ToLeaseThread =
  | { readonly kind: 'consumers'; readonly count: number }
  /** Renew the leases at least this long from now, whatever the main thread does. */
  | { readonly kind: 'extend'; readonly ms: number }

/**
 * To the main thread. `ping` asks it to show that it runs; `doubt`: fewer consumers than expected were there to beat for;
 * `blocked`: its event loop did not run for that long, in `stack`; `failed`: a beat could not be written.
 */
export type FromLeaseThread =
  | { readonly kind: 'ping' }
  | { readonly kind: 'doubt' }
  | { readonly kind: 'blocked'; readonly blockedMs: number; readonly stack: readonly CodePlace[] }
  | { readonly kind: 'failed'; readonly text: string }
