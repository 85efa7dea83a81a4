import type { CodePlace } from './redis-blocking-function.ts'
import type { RedisTarget } from './redis-target.ts'

/** What the lease thread is given when it starts. */
export interface LeaseThreadData {
  readonly target: RedisTarget
  /** The script that beats. */
  readonly beat: string
  readonly leaseMs: number
  readonly maxBlockMs: number
  readonly blockWarningMs: number
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
  /** One 32-bit counter, which the main thread raises to show that it runs. */
  readonly alive: SharedArrayBuffer
  /** Whether the thread may stop the main thread for a moment to see what it does. */
  readonly canInspect: boolean
}

/** A consumer, and the registry of its queue. */
export interface LeaseHolder {
  readonly registry: string
  readonly consumer: string
}

/** From the main thread. */
export type ToLeaseThread =
  | { readonly kind: 'holders'; readonly holders: readonly LeaseHolder[] }
  /** Renew the leases at least this long from now, whatever the main thread does. */
  | { readonly kind: 'extend'; readonly ms: number }

/**
 * To the main thread. `ready`: the thread beats from now on; `ping` asks the main thread to show that it runs; `lost`: this consumer is not registered any more; `blocked`: the
 * event loop did not run for that long, in `stack`; `failed`: a beat could not be written.
 */
export type FromLeaseThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'lost'; readonly consumer: string }
  | { readonly kind: 'blocked'; readonly blockedMs: number; readonly stack: readonly CodePlace[] }
  | { readonly kind: 'failed'; readonly text: string }
