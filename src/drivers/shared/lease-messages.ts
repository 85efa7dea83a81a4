import type { CodePlace } from './blocking-function.ts'

/** Times of a lease, in milliseconds. */
export interface LeaseTimes {
  readonly leaseMs: number
  /** An event loop that is blocked for longer no longer renews its leases. */
  readonly maxBlockMs: number
  /** One that is blocked for longer is reported. */
  readonly blockWarningMs: number
}

/** What every lease thread is given when it starts; a driver adds what it needs to reach its store. */
export interface LeaseThreadData extends LeaseTimes {
  /** One 32-bit counter, which the main thread raises to show that it runs. */
  readonly alive: SharedArrayBuffer
  /** Whether the thread may stop the main thread for a moment to see what it does. */
  readonly canInspect: boolean
}

/** What leases are renewed for: as many consumers, and what else the driver needs to know of them. */
export interface Held {
  readonly count: number
}

/** From the main thread. */
export type ToLeaseThread<H extends Held> =
  | { readonly kind: 'hold'; readonly held: H }
  /** Renew the leases at least this long from now, whatever the main thread does. */
  | { readonly kind: 'extend'; readonly ms: number }

/**
 * To the main thread. `ping` asks it to show that it runs; `blocked`: its event loop did not run for that long, in `stack`;
 * `failed`: a lease could not be renewed; `news`: what only the driver understands.
 */
export type FromLeaseThread<N> =
  | { readonly kind: 'ping' }
  | { readonly kind: 'blocked'; readonly blockedMs: number; readonly stack: readonly CodePlace[] }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'news'; readonly news: N }
