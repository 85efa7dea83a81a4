import { describe, expect, it } from 'vitest'

import { CONFIG_KEYS } from '../../../../src/app/config/config-keys.ts'
import { loadConfig } from '../../../../src/app/load-config.ts'
import { at, configFolder, loadEnv, loadYaml } from './config-folder.ts'

interface Row {
  /** Names in YAML; the text under the first is `yaml`, or the same as `text`. */
  readonly names: readonly string[]
  readonly yaml?: string
  /** Variables, the one that counts most first. */
  readonly env: readonly string[]
  /** The value as the text of a variable. */
  readonly text: string
  /** The value in code, which is what all of them give. */
  readonly value: unknown
  /** What Go's loaders start from. */
  readonly standard?: unknown
}

const AMQP_URL = 'amqp://guest:guest@localhost:5672/'

const go = (
  names: string | readonly string[],
  env: string | readonly string[],
  text: string,
  value: unknown,
  more: Partial<Row> = {},
): Row => ({
  names: typeof names === 'string' ? [names] : names,
  env: typeof env === 'string' ? [env] : env,
  text,
  value,
  ...more,
})
const ours = (yaml: string, text: string, value: unknown, more: Partial<Row> = {}): Row =>
  go(yaml, `MACHINERY_${yaml.replace('.', '_').toUpperCase()}`, text, value, more)
const nested = (section: string, name: string): readonly string[] => [`${section}_${name}`, name]

/** Go-core 8.1, key by key, then ours. */
const ROWS: Readonly<Record<string, Row>> = {
  broker: go('broker', 'BROKER', 'redis://h:1', 'redis://h:1', { standard: AMQP_URL }),
  lock: go('lock', 'LOCK', 'redis://h:1', 'redis://h:1'),
  multipleBrokerSeparator: go(
    'multiple_broker_separator',
    ['MULTIPLE_BROKEN_SEPARATOR', 'MULTIPLE_BROKER_SEPARATOR'],
    ';',
    ';',
  ),
  defaultQueue: go('default_queue', 'DEFAULT_QUEUE', 'jobs', 'jobs', { standard: 'machinery_tasks' }),
  resultBackend: go('result_backend', 'RESULT_BACKEND', 'redis://h', 'redis://h', { standard: AMQP_URL }),
  resultsExpireInMs: go('results_expire_in', 'RESULTS_EXPIRE_IN', '60', 60_000, { standard: 3_600_000 }),
  noSignals: go('no_unix_signals', 'NO_UNIX_SIGNALS', 'true', true, { standard: false }),
  tls: go('tlsconfig', [], '', { servername: 'h' }, { yaml: '{servername: h}' }),
  'amqp.exchange': go('amqp.exchange', nested('AMQP', 'AMQP_EXCHANGE'), 'x', 'x', {
    standard: 'machinery_exchange',
  }),
  'amqp.exchangeType': go('amqp.exchange_type', nested('AMQP', 'AMQP_EXCHANGE_TYPE'), 'topic', 'topic', {
    standard: 'direct',
  }),
  'amqp.queueArguments': go(
    'amqp.queue_declare_args',
    nested('AMQP', 'AMQP_QUEUE_DECLARE_ARGS'),
    'x-max-priority:10,x-queue-mode:lazy',
    { 'x-max-priority': 10, 'x-queue-mode': 'lazy' },
    { yaml: '{x-max-priority: 10, x-queue-mode: lazy}' },
  ),
  'amqp.bindingArguments': go(
    'amqp.queue_binding_args',
    nested('AMQP', 'AMQP_QUEUE_BINDING_ARGS'),
    'a:1,x-match:any',
    { a: '1', 'x-match': 'any' },
    { yaml: "{a: '1', x-match: any}" },
  ),
  'amqp.bindingKey': go('amqp.binding_key', nested('AMQP', 'AMQP_BINDING_KEY'), 'k', 'k', {
    standard: 'machinery_task',
  }),
  'amqp.prefetchCount': go('amqp.prefetch_count', nested('AMQP', 'AMQP_PREFETCH_COUNT'), '0x10', 16, {
    standard: 3,
  }),
  'amqp.autoDelete': go('amqp.auto_delete', nested('AMQP', 'AMQP_AUTO_DELETE'), 'true', true, {
    standard: false,
  }),
  'amqp.delayedQueue': go('amqp.delayed_queue', nested('AMQP', 'AMQP_DELAYED_QUEUE'), 'd', 'd'),
  'sqs.waitTimeMs': go(
    'sqs.receive_wait_time_seconds',
    nested('SQS', 'SQS_WAIT_TIME_SECONDS'),
    '20',
    20_000,
    { standard: 0 },
  ),
  'sqs.visibilityTimeoutMs': go(
    'sqs.receive_visibility_timeout',
    nested('SQS', 'SQS_VISIBILITY_TIMEOUT'),
    '0',
    0,
  ),
  'sqs.visibilityHeartbeat': go(
    ['sqs.visibility_hearth_beat', 'sqs.visibility_heart_beat', 'sqs.visibility_heartbeat'],
    nested('SQS', 'SQS_VISIBILITY_HEARTBEAT'),
    'true',
    true,
    { standard: false },
  ),
  'sqs.acceptAnyUrl': go('sqs.accept_any_url', 'DISABLE_STRICT_SQS_CHECK', 'no', true, { yaml: 'yes' }),
  'azure.ttlMs': go('azure.ttl', 'AZURE_TTL', '1m30s', 90_000),
  'azure.visibilityTimeoutMs': go(
    ['azure.visibilitytimeout', 'azure.visibility_timeout'],
    ['AZURE_VISIBILITYTIMEOUT', 'AZURE_VISIBILITY_TIMEOUT'],
    '30s',
    30_000,
  ),
  'azure.maxReceives': go(
    ['azure.maxreceives', 'azure.max_receives'],
    ['AZURE_MAXRECEIVES', 'AZURE_MAX_RECEIVES'],
    '5',
    5,
  ),
  'azure.deadLetterTtlMs': go(
    ['azure.dlqttl', 'azure.dlq_ttl'],
    ['AZURE_DLQTTL', 'AZURE_DLQ_TTL'],
    '1ms',
    1,
    { yaml: '1000000' },
  ),
  'redis.maxIdle': go('redis.max_idle', nested('REDIS', 'REDIS_MAX_IDLE'), '3', 3),
  'redis.maxActive': go('redis.max_active', nested('REDIS', 'REDIS_MAX_ACTIVE'), '7', 7),
  'redis.idleTimeoutMs': go('redis.max_idle_timeout', nested('REDIS', 'REDIS_IDLE_TIMEOUT'), '9', 9_000),
  'redis.waitForConnection': go('redis.wait', nested('REDIS', 'REDIS_WAIT'), 'true', true),
  'redis.commandTimeoutMs': go('redis.read_timeout', nested('REDIS', 'REDIS_READ_TIMEOUT'), '9', 9_000),
  'redis.writeTimeoutMs': go('redis.write_timeout', nested('REDIS', 'REDIS_WRITE_TIMEOUT'), '9', 9_000),
  'redis.connectTimeoutMs': go('redis.connect_timeout', nested('REDIS', 'REDIS_CONNECT_TIMEOUT'), '9', 9_000),
  'redis.normalPollPeriodMs': go(
    'redis.normal_tasks_poll_period',
    nested('REDIS', 'REDIS_NORMAL_TASKS_POLL_PERIOD'),
    '1000',
    1_000,
  ),
  'redis.delayedPollPeriodMs': go(
    'redis.delayed_tasks_poll_period',
    nested('REDIS', 'REDIS_DELAYED_TASKS_POLL_PERIOD'),
    '20',
    20,
  ),
  'redis.delayedKey': go('redis.delayed_tasks_key', nested('REDIS', 'REDIS_DELAYED_TASKS_KEY'), 'd', 'd'),
  'redis.masterName': go('redis.master_name', nested('REDIS', 'REDIS_MASTER_NAME'), 'm', 'm'),
  'redis.clientName': go('redis.client_name', nested('REDIS', 'REDIS_CLIENT_NAME'), 'c', 'c'),
  'redis.cluster': go(
    ['redis.cluster_enabled', 'redis.cluster_mode'],
    [...nested('REDIS', 'REDIS_CLUSTER_ENABLED'), ...nested('REDIS', 'REDIS_CLUSTER_MODE')],
    'true',
    true,
  ),
  'redis.sentinelPassword': go(
    'redis.sentinel_password',
    nested('REDIS', 'REDIS_SENTINEL_PASSWORD'),
    '12',
    '12',
  ),
  'dynamodb.taskStatesTable': go(
    'dynamodb.task_states_table',
    nested('DYNAMODB', 'TASK_STATES_TABLE'),
    't',
    't',
    { standard: 'task_states' },
  ),
  'dynamodb.groupMetasTable': go(
    'dynamodb.group_metas_table',
    nested('DYNAMODB', 'GROUP_METAS_TABLE'),
    'g',
    'g',
    { standard: 'group_metas' },
  ),
  'mongodb.database': go([], [], '', 'db'),
  'pubsub.maxExtensionMs': go([], [], '', 60_000),
  wire: ours('wire', 'full-fork', 'full-fork'),
  'limits.maxBytes': ours('limits.max_bytes', '1000', 1_000),
  'limits.maxDepth': ours('limits.max_depth', '9', 9),
  'limits.maxSignatureDepth': ours('limits.max_signature_depth', '9', 9),
  'limits.maxSignatures': ours('limits.max_signatures', '9', 9),
  'limits.maxArgs': ours('limits.max_args', '9', 9),
  'limits.maxHeaders': ours('limits.max_headers', '9', 9),
  'limits.maxNumberLength': ours('limits.max_number_length', '9', 9),
  logLevel: ours('log_level', 'debug', 'debug'),
  workerName: ours('worker_name', 'w', 'w'),
  concurrency: ours('concurrency', '20', 20),
  queues: ours('queues', 'a=6,b=1.5', { a: 6, b: 1.5 }, { yaml: '{a: 6, b: 1.5}' }),
  order: ours('order', 'strict', 'strict'),
  maxDeliveries: ours('max_deliveries', '5', 5),
  unknownTask: ours('unknown_task', 'drop', 'drop'),
  deadLetterFailures: ours('dead_letter_failures', 'true', true),
  graceMs: ours('grace_ms', '1500.5', 1_500.5),
  heartbeatMs: ours('heartbeat_ms', '2000', 2_000),
  'redis.username': ours('redis.username', 'u', 'u'),
  'redis.password': ours('redis.password', '007', '007'),
  'redis.db': ours('redis.db', '2', 2),
  'redis.sentinelUsername': ours('redis.sentinel_username', 'u', 'u'),
  'redis.tls': { ...ours('redis.tls', '', {}, { yaml: '{}' }), env: [] },
  'redis.allowInsecureTls': ours('redis.allow_insecure_tls', 'true', true),
  'redis.durability': ours('redis.durability', 'fsync', 'fsync'),
  'redis.interop': ours('redis.interop', 'go', 'go'),
  'redis.wire': ours('redis.wire', 'full-upstream', 'full-upstream'),
  'redis.leaseMs': ours('redis.lease_ms', '900', 900),
  'redis.maxBlockMs': ours('redis.max_block_ms', '900', 900),
  'redis.blockWarningMs': ours('redis.block_warning_ms', '900', 900),
  'redis.maxCrashes': ours('redis.max_crashes', '9', 9),
  'redis.maxQueueLength': ours('redis.max_queue_length', '9', 9),
  'redis.maxDead': ours('redis.max_dead', '9', 9),
  'redis.checkPids': ours('redis.check_pids', 'false', false),
  'amqp.tls': { ...ours('amqp.tls', '', {}, { yaml: '{}' }), env: [] },
  'amqp.allowInsecureTls': ours('amqp.allow_insecure_tls', 'true', true),
  'amqp.topology': ours('amqp.topology', 'check', 'check'),
  'amqp.heartbeatMs': ours('amqp.heartbeat_ms', '5000', 5_000),
  'amqp.connectTimeoutMs': ours('amqp.connect_timeout_ms', '900', 900),
  'amqp.operationTimeoutMs': ours('amqp.operation_timeout_ms', '900', 900),
  'amqp.publishTimeoutMs': ours('amqp.publish_timeout_ms', '900', 900),
  'amqp.managementUrl': ours('amqp.management_url', 'http://u:p@h:15672', 'http://u:p@h:15672'),
  'amqp.allowUnsafeChords': ours('amqp.allow_unsafe_chords', 'true', true),
}

const rows = Object.entries(ROWS)

describe('every key', () => {
  it('is in this table, by its names', () => {
    const known = CONFIG_KEYS.map(({ path, yaml, env }) => ({ path, yaml: [...yaml], env: [...env] }))
    const listed = rows.map(([path, { names, env }]) => ({ path, yaml: [...names], env: [...env] }))
    const byPath = (one: { path: string }, other: { path: string }): number =>
      one.path < other.path ? -1 : 1
    expect(known.toSorted(byPath)).toEqual(listed.toSorted(byPath))
  })

  it.each(rows.flatMap(([path, row]) => row.names.map((name) => [name, path, row] as const)))(
    'is read from YAML: %s',
    async (name, path, { yaml, text, value }) => {
      const [section, inner] = name.split('.')
      const scalar = yaml ?? text
      const line = inner === undefined ? `${section}: ${scalar}` : `${section}:\n  ${inner}: ${scalar}`
      const loaded = await loadYaml(`---\n${line}\n`)
      expect(at(loaded, path)).toEqual(value)
      expect(loaded.sources).toMatchObject({ [path]: 'file' })
    },
  )

  it.each(rows.flatMap(([path, row]) => row.env.map((name) => [name, path, row] as const)))(
    'is read from the environment: %s',
    async (name, path, { text, value }) => {
      const loaded = await loadEnv({ [name]: text })
      expect(at(loaded, path)).toEqual(value)
      expect(loaded.sources).toMatchObject({ [path]: 'environment' })
    },
  )

  it.each(rows)('is read from code: %s', async (path, { value }) => {
    const [section = '', name] = path.split('.')
    const given = name === undefined ? { [section]: value } : { [section]: { [name]: value } }
    const { path: cwd } = configFolder({
      'machinery.config.mjs': `export default ${JSON.stringify({ broker: 'memory:', ...given })}`,
    })
    const loaded = await loadConfig({ cwd, env: {} })
    expect(at(loaded, path)).toEqual(value)
  })

  it.each(rows)('has the default of Go when nobody sets it: %s', async (path, { standard }) => {
    const section = path.includes('.') ? path.split('.')[0] : undefined
    const other = rows.find(([one]) => one !== path && one.startsWith(`${section}.`))?.[1]
    const beside = other?.env[0] === undefined ? {} : { [other.env[0]]: other.text }
    const fromEnv = await loadEnv(beside)
    const name = other?.names[0]?.split('.')[1]
    const yaml = name === undefined ? '{}' : `${section}: {${name}: ${other?.yaml ?? other?.text}}`
    expect(at(fromEnv, path)).toEqual(standard)
    expect(at(await loadYaml(yaml), path)).toEqual(standard)
  })
})

describe('a section', () => {
  it.each(['amqp', 'redis', 'sqs', 'azure', 'dynamodb', 'limits'])(
    '%s is there only if set',
    async (name) => {
      expect(Object.keys((await loadEnv({})).config)).not.toContain(name)
      expect(Object.keys((await loadYaml(`${name}:\n`)).config)).not.toContain(name)
    },
  )

  it('of one load is not that of another', async () => {
    const yaml = 'amqp: {queue_declare_args: {x: 1}}'
    const first = await loadYaml(yaml)
    Object.assign(first.config.amqp ?? {}, { exchange: 'changed' })
    Object.assign(first.config.amqp?.queueArguments ?? {}, { x: 2 })
    const second = await loadYaml(yaml)
    expect(second.config.amqp).toMatchObject({ exchange: 'machinery_exchange', queueArguments: { x: 1 } })
  })
})
