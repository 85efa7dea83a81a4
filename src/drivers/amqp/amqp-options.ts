import type { ConnectionOptions } from 'node:tls'

import { type Clock, systemClock } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import type { AmqpClient, AmqpClientFactory, AmqpTable } from './amqp-client.ts'

/** Options of the amqp driver. One of `url`, `urls` and `connection` says where the server is. */
export interface AmqpStoreOptions {
  /** `amqp://[user:password@]host[:port][/vhost]`, `amqps://` for TLS; several for fail-over, separated by `urlSeparator`. @default none */
  readonly url?: string
  /** Several URLs, instead of `url`: each connect tries them in order. @default none */
  readonly urls?: readonly string[]
  /** What stands between the URLs in `url`. @default a comma, a semicolon or white space */
  readonly urlSeparator?: string
  /** A connection of amqplib, used for everything and never closed, or a function that opens one, called for each connection and after each loss. @default none */
  readonly connection?: AmqpClient | AmqpClientFactory
  /** Options of `tls.connect`, for `amqps://`. @default those of Node */
  readonly tls?: ConnectionOptions
  /** Whether `tls.rejectUnauthorized: false` is meant. @default false */
  readonly allowInsecureTls?: boolean
  /** Name of the exchange. @default 'machinery_exchange' */
  readonly exchange?: string
  /** `direct`: a queue gets what is sent to its name. `topic`: the name of a queue is a routing key. @default 'direct' */
  readonly exchangeType?: 'direct' | 'topic'
  /** The queue that `bindingKey` is for. @default 'machinery_tasks' */
  readonly defaultQueue?: string
  /** Binds `defaultQueue` beside its own name: what Go's producers send to when a task names no queue. @default 'machinery_task' */
  readonly bindingKey?: string
  /** Arguments of the queues, as Go's QueueDeclareArgs; a queue that differs is an error. Without it, a queue that is there is taken as it is. @default none */
  readonly queueArguments?: AmqpTable
  /** Arguments of the bindings, as Go's QueueBindingArgs. @default none */
  readonly bindingArguments?: AmqpTable
  /** `assert`: exchange, queues and bindings are declared. `check`: they must be there. `none`: they are not looked at. @default 'assert' */
  readonly topology?: 'assert' | 'check' | 'none'
  /** Most deliveries that the server sends to a consumer ahead of their settlement, whatever the worker asks for. @default no limit of its own */
  readonly prefetchCount?: number
  /** Queue for delayed messages as Go has it: one queue, in which a message waits behind every earlier one with a longer delay. @default none: exact delays */
  readonly delayedQueue?: string
  /** Whether `delayedQueue` is declared as one that deletes itself, as Go's AutoDelete. @default false */
  readonly autoDelete?: boolean
  /** After twice this long without a sign of life the connection counts as lost, on both sides. @default 30_000 */
  readonly heartbeatMs?: number
  /** How long a connection may take to be there; also how long an operation waits for one that was lost. @default 5_000 */
  readonly connectTimeoutMs?: number
  /** How long the server may take to answer. @default 10_000 */
  readonly operationTimeoutMs?: number
  /** How long a publish may take, with all that is tried again meanwhile. @default 10_000 */
  readonly publishTimeoutMs?: number
  /** `http://user:password@host:15672` of the management plugin: with it the inspector sees all queues of the server. @default none */
  readonly managementUrl?: string
  /** Go's ResultsExpireIn, with which the queues of states are declared: no state is kept for longer. @default 3_600_000 */
  readonly resultsExpireInMs?: number
  /** Whether groups and chords may use the result backend on amqp, which forgets them when the server restarts. @default false */
  readonly allowUnsafeChords?: boolean
  /** @default the machine's clock */
  readonly clock?: Clock
  /** @default logs nothing */
  readonly logger?: Logger
}

/** Options that say how to work, not where, with every default filled in. */
export interface AmqpSettings {
  readonly exchange: string
  readonly exchangeType: 'direct' | 'topic'
  readonly defaultQueue: string
  readonly bindingKey: string
  readonly queueArguments: AmqpTable | undefined
  readonly bindingArguments: AmqpTable
  readonly topology: 'assert' | 'check' | 'none'
  readonly prefetchCount: number
  readonly delayedQueue: string | undefined
  readonly autoDelete: boolean
  readonly heartbeatMs: number
  readonly connectTimeoutMs: number
  readonly operationTimeoutMs: number
  readonly publishTimeoutMs: number
  readonly managementUrl: string | undefined
  readonly resultsExpireInMs: number
  readonly allowUnsafeChords: boolean
  readonly clock: Clock
  readonly logger: Logger
}

/** What the protocol can count. */
const MOST_PREFETCH = 65_535
/** What the server takes for the expiry of a queue. */
const LONGEST_EXPIRY_MS = 4_294_967_295

const NUMBERS = {
  prefetchCount: { min: 1, max: MOST_PREFETCH, standard: MOST_PREFETCH },
  heartbeatMs: { min: 1_000, max: 3_600_000, standard: 30_000 },
  connectTimeoutMs: { min: 1, max: 2_147_483_647, standard: 5_000 },
  operationTimeoutMs: { min: 1, max: 2_147_483_647, standard: 10_000 },
  publishTimeoutMs: { min: 1, max: 2_147_483_647, standard: 10_000 },
  resultsExpireInMs: { min: 1_000, max: LONGEST_EXPIRY_MS, standard: 3_600_000 },
} as const

const NAMES = {
  exchange: 'machinery_exchange',
  defaultQueue: 'machinery_tasks',
  bindingKey: 'machinery_task',
} as const

/** @throws `ERR_OPTION_INVALID` when an option has a value that is not allowed */
export function amqpSettings(options: AmqpStoreOptions): AmqpSettings {
  const { exchangeType = 'direct', topology = 'assert', delayedQueue, managementUrl } = options
  oneOf('exchangeType', exchangeType, ['direct', 'topic'])
  oneOf('topology', topology, ['assert', 'check', 'none'])
  if (delayedQueue !== undefined) shortText('delayedQueue', delayedQueue)
  if (managementUrl !== undefined && !/^https?:\/\//.test(managementUrl)) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      'managementUrl is no URL; http://user:password@host:15672 is right',
    )
  }
  const number = (name: keyof typeof NUMBERS): number => {
    const { min, max, standard } = NUMBERS[name]
    const value = options[name] ?? standard
    if (!(value >= min && value <= max)) {
      throw invalidOption(name, value, `it must be a number from ${min} to ${max}`)
    }
    return Math.floor(value)
  }
  const name = (option: keyof typeof NAMES): string => shortText(option, options[option] ?? NAMES[option])
  return {
    exchange: name('exchange'),
    exchangeType,
    defaultQueue: name('defaultQueue'),
    bindingKey: name('bindingKey'),
    queueArguments:
      options.queueArguments === undefined ? undefined : table('queueArguments', options.queueArguments),
    bindingArguments: table('bindingArguments', options.bindingArguments ?? {}),
    topology,
    prefetchCount: number('prefetchCount'),
    delayedQueue,
    autoDelete: options.autoDelete ?? false,
    heartbeatMs: number('heartbeatMs'),
    connectTimeoutMs: number('connectTimeoutMs'),
    operationTimeoutMs: number('operationTimeoutMs'),
    publishTimeoutMs: number('publishTimeoutMs'),
    resultsExpireInMs: number('resultsExpireInMs'),
    managementUrl,
    allowUnsafeChords: options.allowUnsafeChords ?? false,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  }
}

function shortText(option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 255) return value
  throw invalidOption(option, value, 'it must be a name of 1 to 255 bytes')
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  throw invalidOption(option, value, `it must be one of ${allowed.join(', ')}`)
}

function table(option: string, value: AmqpTable): AmqpTable {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw invalidOption(option, value, 'it must be an object of arguments')
}

/** @param right what the value must be, as a clause */
export function invalidOption(option: string, value: unknown, right: string): MachineryError {
  const text = `${option} is ${JSON.stringify(value) ?? String(value)}; ${right}`
  return new MachineryError('ERR_OPTION_INVALID', text, { details: { option, value } })
}
