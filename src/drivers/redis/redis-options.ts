import type { ConnectionOptions } from 'node:tls'

import { type Clock, systemClock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import type { WireForm } from '../../core/wire/message-codec.ts'
import type { RedisClient, RedisClientFactory } from './redis-client.ts'

/** Options of the redis driver. One of `url`, `hosts` and `client` says where the server is. */
export interface RedisStoreOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS, `redis+socket://[password@]/path.sock[:/db]`; several
   * hosts, separated by commas, are a Cluster, or sentinels where `masterName` is set. @default none
   */
  readonly url?: string
  /** Hosts as `host:port`, instead of `url`: nodes of a Cluster, or sentinels. @default none */
  readonly hosts?: readonly string[]
  /** An ioredis client, of which copies with safe options are used, or a function that makes one. @default none */
  readonly client?: RedisClient | RedisClientFactory
  /** Name of the master that the sentinels at `url` or `hosts` watch. @default none */
  readonly masterName?: string
  /** Whether one host is enough to find a Cluster. @default true for several hosts without masterName */
  readonly cluster?: boolean
  /** @default what the URL says */
  readonly username?: string
  /** @default what the URL says */
  readonly password?: string
  /** Number of the database; a Cluster has only 0. @default what the URL says, else 0 */
  readonly db?: number
  /** User of the sentinels. @default none */
  readonly sentinelUsername?: string
  /** Password of the sentinels. @default none */
  readonly sentinelPassword?: string
  /** Options of `tls.connect`; turns TLS on also for `redis://`. @default those of Node, for `rediss://` */
  readonly tls?: ConnectionOptions
  /** Whether `tls.rejectUnauthorized: false` is meant. @default false */
  readonly allowInsecureTls?: boolean
  /** Sorted set of the delayed messages, shared with Go workers. @default 'delayed_tasks' */
  readonly delayedKey?: string
  /**
   * When a publish counts as stored: `fast`: the server has it; `replicated`: so has a replica (`WAIT`); `fsync`: it is on
   * the server's disk (`WAITAOF`, Redis 7.2). Not in a Cluster. @default 'fast'
   */
  readonly durability?: 'fast' | 'replicated' | 'fsync'
  /**
   * How states are written: `compact`, only what is set; `full`, every field; `full-upstream` or `full-fork`, exactly the bytes
   * of Go. Messages are written by the server, whose `wire` also counts for the stores that it opens by URL. @default 'compact'
   */
  readonly wire?: WireForm
  /**
   * `go`: workers in Go take part in the groups of this store. Their members are counted too, at the price of two more calls
   * per batch of members, and one of both languages triggers a chord. Every server on the store must have the same. @default 'none'
   */
  readonly interop?: 'none' | 'go'
  /** After this long without a sign of life from a consumer's process, what it held is delivered again. @default 15_000 */
  readonly leaseMs?: number
  /** A process whose event loop is blocked for longer than this no longer renews its leases. @default 300_000 */
  readonly maxBlockMs?: number
  /** When the event loop was blocked for longer than this, the function that blocked it is logged. @default 1_000 */
  readonly blockWarningMs?: number
  /** How long a connection may take to be there; also how long an operation waits for one that was lost. @default 5_000 */
  readonly connectTimeoutMs?: number
  /** How long the server may take to answer; then the connection counts as lost. @default 5_000 */
  readonly commandTimeoutMs?: number
  /** A message whose consumers died this many times becomes a dead letter, whatever the worker's own limit. @default 30 */
  readonly maxCrashes?: number
  /**
   * Most messages that wait in one queue; a send beyond is refused with `ERR_QUEUE_FULL`. What follows from a task that ran,
   * what is released or due is always taken. Delayed messages count when they are due. @default Infinity
   */
  readonly maxQueueLength?: number
  /**
   * Most dead letters of one queue. When there are as many, a message that would be one more is kept: it comes again after a
   * minute, and a warning is logged, until somebody makes room. @default 100_000
   */
  readonly maxDead?: number
  /** Whether a consumer whose process is seen to be dead, on this machine, loses its lease at once. @default true */
  readonly checkPids?: boolean
  /** @default the machine's clock */
  readonly clock?: Clock
  /** @default logs nothing */
  readonly logger?: Logger
}

/** Options that say how to work, not where, with every default filled in. */
export interface RedisSettings {
  readonly delayedKey: string
  readonly durability: 'fast' | 'replicated' | 'fsync'
  readonly wire: WireForm
  readonly interop: 'none' | 'go'
  readonly leaseMs: number
  readonly maxBlockMs: number
  readonly blockWarningMs: number
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
  readonly maxCrashes: number
  readonly maxQueueLength: number
  readonly maxDead: number
  readonly checkPids: boolean
  readonly clock: Clock
  readonly logger: Logger
}

const NUMBERS = {
  leaseMs: { min: 30, standard: 15_000 },
  maxBlockMs: { min: 1, standard: 300_000 },
  blockWarningMs: { min: 1, standard: 1_000 },
  connectTimeoutMs: { min: 1, standard: 5_000 },
  commandTimeoutMs: { min: 1, standard: 5_000 },
  maxCrashes: { min: 1, standard: 30 },
  maxQueueLength: { min: 1, standard: Infinity },
  maxDead: { min: 1, standard: 100_000 },
} as const

const DURABILITIES = ['fast', 'replicated', 'fsync'] as const
const WIRES = ['compact', 'full', 'full-upstream', 'full-fork'] as const satisfies readonly WireForm[]
const INTEROPS = ['none', 'go'] as const

/** @throws `ERR_OPTION_INVALID` when an option has a value that is not allowed */
export function redisSettings(options: RedisStoreOptions): RedisSettings {
  const { durability = 'fast', wire = 'compact', delayedKey = 'delayed_tasks', checkPids = true } = options
  const { interop = 'none' } = options
  oneOf('durability', durability, DURABILITIES)
  oneOf('wire', wire, WIRES)
  oneOf('interop', interop, INTEROPS)
  if (typeof delayedKey !== 'string' || delayedKey === '') {
    throw invalidOption('delayedKey', delayedKey, 'it must be the name of a key')
  }
  const number = (name: keyof typeof NUMBERS): number => {
    const { min, standard } = NUMBERS[name]
    const value = options[name] ?? standard
    if (value === Infinity && name === 'maxQueueLength') return value
    if (!(value >= min && value <= 2_147_483_647)) {
      throw invalidOption(name, value, `it must be a number from ${min} to 2147483647`)
    }
    return Math.floor(value)
  }
  return {
    delayedKey,
    durability,
    wire,
    interop,
    leaseMs: number('leaseMs'),
    maxBlockMs: number('maxBlockMs'),
    blockWarningMs: number('blockWarningMs'),
    connectTimeoutMs: number('connectTimeoutMs'),
    commandTimeoutMs: number('commandTimeoutMs'),
    maxCrashes: number('maxCrashes'),
    maxQueueLength: number('maxQueueLength'),
    maxDead: number('maxDead'),
    checkPids,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  }
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  throw invalidOption(option, value, `it must be one of ${allowed.join(', ')}`)
}

/** @param right what the value must be, as a clause */
export function invalidOption(option: string, value: unknown, right: string): MachineryError {
  const text = `${option} is ${JSON.stringify(value) ?? String(value)}; ${right}`
  return new MachineryError('ERR_OPTION_INVALID', text, { details: { option, value } })
}
