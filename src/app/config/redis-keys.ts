import type { KeyRow, SectionPath } from './config-key.ts'
import { flag, goSwitch, number, oneOf, seconds, text, tlsOptions, wireForm } from './value-kinds.ts'

const NO_POOL = 'commands share one connection, which is kept open, so there is no pool'

function goEnv(name: string): readonly string[] {
  return [`REDIS_REDIS_${name}`, `REDIS_${name}`]
}

/** Redis: what Go has (go-core 8.1), then what the driver here has besides. */
export const REDIS_KEYS: Readonly<Record<SectionPath<'redis'>, KeyRow>> = {
  'redis.delayedKey': {
    go: 'Redis.DelayedTasksKey',
    kind: text('unset'),
    means: 'Sorted set of the delayed messages, shared with Go workers; empty: `delayed_tasks`',
    yaml: ['redis.delayed_tasks_key'],
    env: goEnv('DELAYED_TASKS_KEY'),
  },
  'redis.masterName': {
    go: 'Redis.MasterName',
    kind: text('unset'),
    means: 'Master that the sentinels at the URL watch',
    env: goEnv('MASTER_NAME'),
  },
  'redis.cluster': {
    go: 'Redis.ClusterMode, ClusterEnabled',
    kind: goSwitch(),
    means: 'Whether one host is enough to find a Cluster; several hosts are one anyway',
    yaml: ['redis.cluster_enabled', 'redis.cluster_mode'],
    env: [...goEnv('CLUSTER_ENABLED'), ...goEnv('CLUSTER_MODE')],
  },
  'redis.sentinelPassword': {
    go: 'Redis.SentinelPassword',
    kind: text('unset', 'hidden'),
    means: 'Password of the sentinels',
    env: goEnv('SENTINEL_PASSWORD'),
  },
  'redis.connectTimeoutMs': {
    go: 'Redis.ConnectTimeout',
    kind: seconds(),
    means: 'How long a connection may take to be there',
    yaml: ['redis.connect_timeout'],
    env: goEnv('CONNECT_TIMEOUT'),
  },
  'redis.commandTimeoutMs': {
    go: 'Redis.ReadTimeout',
    kind: seconds(),
    means: 'How long the server may take to answer',
    yaml: ['redis.read_timeout'],
    env: goEnv('READ_TIMEOUT'),
  },
  'redis.writeTimeoutMs': {
    go: 'Redis.WriteTimeout',
    kind: seconds(),
    means: 'How long a write may take',
    yaml: ['redis.write_timeout'],
    env: goEnv('WRITE_TIMEOUT'),
    noEffect: 'redis.read_timeout bounds a command from its write to its answer',
  },
  'redis.maxIdle': {
    go: 'Redis.MaxIdle',
    kind: number(0),
    means: 'Idle connections of the pool',
    env: goEnv('MAX_IDLE'),
    noEffect: NO_POOL,
  },
  'redis.maxActive': {
    go: 'Redis.MaxActive',
    kind: number(0),
    means: 'Connections of the pool',
    env: goEnv('MAX_ACTIVE'),
    noEffect: NO_POOL,
  },
  'redis.idleTimeoutMs': {
    go: 'Redis.IdleTimeout',
    kind: seconds(),
    means: 'When an idle connection is closed',
    yaml: ['redis.max_idle_timeout'],
    env: goEnv('IDLE_TIMEOUT'),
    noEffect: NO_POOL,
  },
  'redis.waitForConnection': {
    go: 'Redis.Wait',
    kind: flag(),
    means: 'Wait for a free connection',
    yaml: ['redis.wait'],
    env: goEnv('WAIT'),
    noEffect: NO_POOL,
  },
  'redis.normalPollPeriodMs': {
    go: 'Redis.NormalTasksPollPeriod',
    kind: number(0),
    means: 'Pause between two looks at a queue',
    yaml: ['redis.normal_tasks_poll_period'],
    env: goEnv('NORMAL_TASKS_POLL_PERIOD'),
    noEffect: 'the server wakes a worker when a message arrives',
  },
  'redis.delayedPollPeriodMs': {
    go: 'Redis.DelayedTasksPollPeriod',
    kind: number(0),
    means: 'Pause between two looks at the delayed messages',
    yaml: ['redis.delayed_tasks_poll_period'],
    env: goEnv('DELAYED_TASKS_POLL_PERIOD'),
    noEffect: 'delayed messages are moved when the next one is due, at most 100 ms late for those of Go',
  },
  'redis.clientName': {
    go: 'Redis.ClientName',
    kind: text('unset'),
    means: 'Name of the connections',
    env: goEnv('CLIENT_NAME'),
    noEffect: 'the driver does not name its connections',
  },
  'redis.username': { kind: text('unset'), means: 'User, instead of the one in the URL' },
  'redis.password': { kind: text('unset', 'hidden'), means: 'Password, instead of the one in the URL' },
  'redis.db': { kind: number(0), means: 'Number of the database, instead of the one in the URL' },
  'redis.sentinelUsername': { kind: text('unset'), means: 'User of the sentinels' },
  'redis.tls': { kind: tlsOptions(), means: 'TLS for Redis alone, instead of `tls`', env: [] },
  'redis.allowInsecureTls': {
    kind: flag(),
    means: 'Whether TLS without a check of the certificate is meant',
  },
  'redis.durability': {
    kind: oneOf(['fast', 'replicated', 'fsync']),
    means: 'When a publish counts as stored',
  },
  'redis.interop': {
    kind: oneOf(['none', 'go']),
    means: '`go` where Go workers take part in groups',
  },
  'redis.wire': {
    kind: wireForm(),
    means:
      'Which fields of a state are written: those that are set, all, or exactly those of Go; not set: as `wire`',
  },
  'redis.leaseMs': { kind: number(30), means: 'After which silence of a worker its messages come back' },
  'redis.maxBlockMs': { kind: number(1), means: 'For how long a blocked event loop keeps its leases' },
  'redis.blockWarningMs': { kind: number(1), means: 'From when a blocked event loop is logged' },
  'redis.maxCrashes': {
    kind: number(1),
    means: 'Deaths of its consumers after which a message becomes a dead letter',
  },
  'redis.maxQueueLength': { kind: number(1), means: 'Messages that a queue may hold' },
  'redis.maxDead': { kind: number(1), means: 'Dead letters that a queue keeps' },
  'redis.checkPids': {
    kind: flag(),
    means: 'Whether a worker on this machine that is seen to be dead loses its lease at once',
  },
}
