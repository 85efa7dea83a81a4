import type { Held, LeaseThreadData } from '../shared/lease-messages.ts'
import type { RedisTarget } from './redis-target.ts'

/** What the lease thread is given when it starts. */
export interface RedisLeaseData extends LeaseThreadData {
  readonly target: RedisTarget
  /** The script that beats. */
  readonly beat: string
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
}

/** A consumer, and the registry of its queue. */
export interface LeaseHolder {
  readonly registry: string
  readonly consumer: string
}

/** The consumers to beat for. */
export interface RedisHeld extends Held {
  readonly holders: readonly LeaseHolder[]
}

/** `ready`: the thread beats from now on; `lost`: this consumer is not registered any more. */
export type RedisLeaseNews = { readonly kind: 'ready' } | { readonly kind: 'lost'; readonly consumer: string }
