import type { ConnectionOptions } from 'node:tls'

import type { Backend } from '../../core/ports/backend.ts'
import type { Broker } from '../../core/ports/broker.ts'
import type { Lock } from '../../core/ports/lock.ts'
import type { WireLimits } from '../../core/wire/limits.ts'
import type { WireForm } from '../../core/wire/message-codec.ts'
import type { QueueShares } from '../../worker/worker-options.ts'
import type { LogLevel } from '../console-logger.ts'
import type { AmqpDriverOptions, RedisDriverOptions } from '../driver-registry.ts'

/**
 * How a deployment runs, whichever file, variable or flag said so. A key that is absent has the default of `createServer`,
 * `server.startWorker` or the driver. Durations are ms. The table of all keys is `docs/reference/configuration.md`.
 */
export interface MachineryConfig {
  readonly broker: string | Broker
  /** `null`: none. */
  readonly resultBackend?: string | Backend | null
  readonly lock?: string | Lock
  readonly multipleBrokerSeparator?: string
  readonly defaultQueue?: string
  readonly resultsExpireInMs?: number
  readonly noSignals?: boolean
  /** Options of `tls.connect` for the drivers that use it; turns TLS on. */
  readonly tls?: ConnectionOptions
  readonly wire?: WireForm
  readonly limits?: Partial<WireLimits>
  readonly logLevel?: LogLevel
  readonly workerName?: string
  readonly concurrency?: number
  readonly queues?: string | readonly string[] | QueueShares
  readonly order?: 'weighted' | 'strict'
  readonly maxDeliveries?: number
  readonly unknownTask?: 'retryLater' | 'deadLetter' | 'drop'
  readonly deadLetterFailures?: boolean
  readonly graceMs?: number
  readonly heartbeatMs?: number
  readonly amqp?: AmqpConfig
  readonly sqs?: SqsConfig
  readonly azure?: AzureConfig
  readonly redis?: RedisConfig
  readonly dynamodb?: DynamodbConfig
  readonly mongodb?: MongodbConfig
  readonly pubsub?: PubsubConfig
}

/** What `machinery.config.ts` exports: the broker may also come from the environment or a flag. */
export type MachineryConfigInput = Partial<MachineryConfig>

/**
 * Answers its argument: gives `machinery.config.ts` its types.
 * @example
 * export default defineConfig({ broker: 'redis://localhost:6379', concurrency: 20, redis: { durability: 'replicated' } })
 */
export function defineConfig(config: MachineryConfigInput): MachineryConfigInput {
  return config
}

/** Options of the amqp driver, which refuses types of exchanges that it does not know. */
export interface AmqpConfig extends Omit<AmqpDriverOptions, 'urlSeparator' | 'exchangeType'> {
  readonly exchangeType?: string
}

/** Arguments for a broker, by name. */
export type ArgumentMap = Readonly<Record<string, unknown>>

/** Go's `SQS` section. */
export interface SqsConfig {
  readonly waitTimeMs?: number
  readonly visibilityTimeoutMs?: number
  readonly visibilityHeartbeat?: boolean
  readonly acceptAnyUrl?: boolean
}

/** The `Azure` section of the fork. */
export interface AzureConfig {
  readonly ttlMs?: number
  readonly visibilityTimeoutMs?: number
  readonly maxReceives?: number
  readonly deadLetterTtlMs?: number
}

/** Options of the redis driver, and what Go's `Redis` section has besides. */
export interface RedisConfig extends RedisDriverOptions {
  readonly maxIdle?: number
  readonly maxActive?: number
  readonly idleTimeoutMs?: number
  readonly waitForConnection?: boolean
  readonly writeTimeoutMs?: number
  readonly normalPollPeriodMs?: number
  readonly delayedPollPeriodMs?: number
  readonly clientName?: string
}

/** Go's `DynamoDB` section. */
export interface DynamodbConfig {
  readonly taskStatesTable?: string
  readonly groupMetasTable?: string
}

/** Go's `MongoDB` section. */
export interface MongodbConfig {
  readonly database?: string
}

/** Go's `GCPPubSub` section. */
export interface PubsubConfig {
  readonly maxExtensionMs?: number
}
