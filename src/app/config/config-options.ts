import type { WorkerOptions } from '../../worker/worker-options.ts'
import type { CreateServerOptions } from '../create-server.ts'
import type { AmqpDriverOptions, DriverOptions, RedisDriverOptions } from '../driver-registry.ts'
import { KEY_BY_PATH } from './config-keys.ts'
import type { MachineryConfig } from './machinery-config.ts'
import { sectionUses } from './section-uses.ts'

const SERVER_KEYS = [
  'broker',
  'resultBackend',
  'lock',
  'defaultQueue',
  'resultsExpireInMs',
  'wire',
  'limits',
] as const satisfies readonly (keyof MachineryConfig & keyof CreateServerOptions)[]

const WORKER_KEYS = [
  'concurrency',
  'queues',
  'order',
  'maxDeliveries',
  'unknownTask',
  'deadLetterFailures',
  'graceMs',
  'noSignals',
  'heartbeatMs',
] as const satisfies readonly (keyof MachineryConfig & keyof WorkerOptions)[]

/** The options of `createServer` that a configuration holds; `tasks` and whatever is code come beside them. */
export function serverOptions(config: MachineryConfig): CreateServerOptions {
  const drivers = driverOptions(config)
  return {
    ...picked(config, SERVER_KEYS),
    broker: config.broker,
    ...(Object.keys(drivers).length === 0 ? {} : { drivers }),
  }
}

/** The options of `server.startWorker` that a configuration holds. */
export function workerOptions(config: MachineryConfig): WorkerOptions {
  return {
    ...picked(config, WORKER_KEYS),
    ...(config.workerName === undefined ? {} : { name: config.workerName }),
  }
}

function driverOptions(config: MachineryConfig): DriverOptions {
  const redis = redisOptions(config)
  const amqp = amqpOptions(config)
  return { ...(redis === undefined ? {} : { redis }), ...(amqp === undefined ? {} : { amqp }) }
}

/** For URLs of amqp alone: what Go's loaders assume about it is nothing that somebody asked for. */
function amqpOptions(config: MachineryConfig): AmqpDriverOptions | undefined {
  const { amqp, tls, multipleBrokerSeparator: urlSeparator, broker, resultBackend } = config
  if (sectionUses('amqp', [broker, resultBackend]) !== undefined) return undefined
  const { prefetchCount, exchangeType, ...options } = amqp ?? {}
  const all = {
    ...(tls === undefined ? {} : { tls }),
    ...(urlSeparator === undefined ? {} : { urlSeparator }),
    ...options,
    ...(exchangeType === undefined ? {} : { exchangeType: exchangeType as 'direct' | 'topic' }),
    // In Go 0 is no bound; here no bound is nothing.
    ...(prefetchCount === undefined || prefetchCount === 0 ? {} : { prefetchCount }),
  }
  return Object.keys(all).length === 0 ? undefined : all
}

function redisOptions({ redis, tls }: MachineryConfig): RedisDriverOptions | undefined {
  if (redis === undefined && tls === undefined) return undefined
  const used = Object.entries(redis ?? {}).filter(
    ([name]) => KEY_BY_PATH.get(`redis.${name}`)?.noEffect === undefined,
  )
  return { ...(tls === undefined ? {} : { tls }), ...Object.fromEntries(used) }
}

function picked<K extends keyof MachineryConfig>(
  config: MachineryConfig,
  keys: readonly K[],
): Pick<MachineryConfig, K> {
  const entries = keys.filter((key) => config[key] !== undefined).map((key) => [key, config[key]] as const)
  return Object.fromEntries(entries) as unknown as Pick<MachineryConfig, K>
}
