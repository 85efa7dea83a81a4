import type { KeyRow, SectionPath } from './config-key.ts'
import {
  argumentMap,
  flag,
  goDuration,
  number,
  oneOf,
  presence,
  seconds,
  text,
  tlsOptions,
} from './value-kinds.ts'

type SectionKeys<S extends 'amqp' | 'azure' | 'dynamodb' | 'mongodb' | 'pubsub' | 'sqs'> = Readonly<
  Record<SectionPath<S>, KeyRow>
>

/** Go's loader looks for the name with the section in front first. */
function goEnv(section: string, name: string): readonly string[] {
  return [`${section}_${name}`, name]
}

/** RabbitMQ: what Go has (go-core 8.1), then what the driver here has besides. */
export const AMQP_KEYS: SectionKeys<'amqp'> = {
  'amqp.exchange': {
    go: 'AMQP.Exchange',
    kind: text('keep'),
    means: 'Name of the exchange',
    env: goEnv('AMQP', 'AMQP_EXCHANGE'),
    goDefault: 'machinery_exchange',
  },
  'amqp.exchangeType': {
    go: 'AMQP.ExchangeType',
    kind: text('refuse'),
    means: 'Type of the exchange: direct or topic',
    env: goEnv('AMQP', 'AMQP_EXCHANGE_TYPE'),
    goDefault: 'direct',
  },
  'amqp.queueArguments': {
    go: 'AMQP.QueueDeclareArgs',
    kind: argumentMap('typed'),
    means: 'Arguments with which queues are declared',
    yaml: ['amqp.queue_declare_args'],
    env: goEnv('AMQP', 'AMQP_QUEUE_DECLARE_ARGS'),
  },
  'amqp.bindingArguments': {
    go: 'AMQP.QueueBindingArgs',
    kind: argumentMap('texts'),
    means: 'Arguments with which queues are bound',
    yaml: ['amqp.queue_binding_args'],
    env: goEnv('AMQP', 'AMQP_QUEUE_BINDING_ARGS'),
  },
  'amqp.bindingKey': {
    go: 'AMQP.BindingKey',
    kind: text('keep'),
    means: 'Key with which queues are bound to the exchange',
    env: goEnv('AMQP', 'AMQP_BINDING_KEY'),
    goDefault: 'machinery_task',
  },
  'amqp.prefetchCount': {
    go: 'AMQP.PrefetchCount',
    kind: number(0, 65_535),
    means: 'Most deliveries that are held at once; 0: no bound of its own',
    env: goEnv('AMQP', 'AMQP_PREFETCH_COUNT'),
    goDefault: 3,
  },
  'amqp.autoDelete': {
    go: 'AMQP.AutoDelete',
    kind: flag(),
    means: 'Whether `delayedQueue` deletes itself; the queues of exact delays stay',
    needs: 'amqp.delayedQueue',
    env: goEnv('AMQP', 'AMQP_AUTO_DELETE'),
    goDefault: false,
  },
  'amqp.delayedQueue': {
    go: 'AMQP.DelayedQueue',
    kind: text('unset'),
    means: 'Fixed name of the queue of delayed messages',
    env: goEnv('AMQP', 'AMQP_DELAYED_QUEUE'),
  },
  'amqp.tls': { kind: tlsOptions(), means: 'TLS for RabbitMQ alone, instead of `tls`', env: [] },
  'amqp.allowInsecureTls': {
    kind: flag(),
    means: 'Whether TLS without a check of the certificate is meant',
  },
  'amqp.topology': {
    kind: oneOf(['assert', 'check', 'none']),
    means: 'Whether exchange, queues and bindings are declared, must be there, or are not looked at',
  },
  'amqp.heartbeatMs': {
    kind: number(1_000, 3_600_000),
    means: 'After twice this silence a connection counts as lost',
  },
  'amqp.connectTimeoutMs': { kind: number(1), means: 'How long a connection may take to be there' },
  'amqp.operationTimeoutMs': { kind: number(1), means: 'How long the server may take to answer' },
  'amqp.publishTimeoutMs': {
    kind: number(1),
    means: 'How long a publish may take, with all that is tried again meanwhile',
  },
  'amqp.managementUrl': {
    kind: { ...text('unset'), shown: 'url' },
    means: 'URL of the management plugin, with which all queues of the server are seen',
  },
  'amqp.allowUnsafeChords': {
    kind: flag(),
    means: 'Whether groups and chords may use a result backend that forgets them when the server restarts',
  },
}

/** Amazon SQS. */
export const SQS_KEYS: SectionKeys<'sqs'> = {
  'sqs.waitTimeMs': {
    go: 'SQS.WaitTimeSeconds',
    kind: seconds('keep'),
    means: 'How long a receive waits for messages',
    yaml: ['sqs.receive_wait_time_seconds'],
    env: goEnv('SQS', 'SQS_WAIT_TIME_SECONDS'),
    goDefault: 0,
  },
  'sqs.visibilityTimeoutMs': {
    go: 'SQS.VisibilityTimeout',
    kind: seconds('keep'),
    means: 'How long a received message is hidden from others; not set: as the queue says',
    yaml: ['sqs.receive_visibility_timeout'],
    env: goEnv('SQS', 'SQS_VISIBILITY_TIMEOUT'),
  },
  'sqs.visibilityHeartbeat': {
    go: 'SQS.VisibilityHeartBeat',
    kind: flag(),
    means: 'Extends the visibility timeout while a task runs',
    yaml: ['sqs.visibility_hearth_beat', 'sqs.visibility_heart_beat', 'sqs.visibility_heartbeat'],
    env: goEnv('SQS', 'SQS_VISIBILITY_HEARTBEAT'),
    goDefault: false,
  },
  'sqs.acceptAnyUrl': {
    kind: presence(),
    means: 'Takes any http: or https: URL for one of SQS, for emulators',
    env: ['DISABLE_STRICT_SQS_CHECK'],
  },
}

/** Azure Storage Queues, in the fork. */
export const AZURE_KEYS: SectionKeys<'azure'> = {
  'azure.ttlMs': {
    go: 'Azure.TTL',
    kind: goDuration(),
    means: 'How long a message is kept',
    yaml: ['azure.ttl'],
    env: ['AZURE_TTL'],
  },
  'azure.visibilityTimeoutMs': {
    go: 'Azure.VisibilityTimeout',
    kind: goDuration(),
    means: 'How long a received message is hidden from others',
    yaml: ['azure.visibilitytimeout', 'azure.visibility_timeout'],
    env: ['AZURE_VISIBILITYTIMEOUT', 'AZURE_VISIBILITY_TIMEOUT'],
  },
  'azure.maxReceives': {
    go: 'Azure.MaxReceives',
    kind: number(0),
    means: 'Receives after which a message becomes a dead letter; 0: 10',
    yaml: ['azure.maxreceives', 'azure.max_receives'],
    env: ['AZURE_MAXRECEIVES', 'AZURE_MAX_RECEIVES'],
  },
  'azure.deadLetterTtlMs': {
    go: 'Azure.DLQTTL',
    kind: goDuration(),
    means: 'How long a dead letter is kept; 0: 30 days',
    yaml: ['azure.dlqttl', 'azure.dlq_ttl'],
    env: ['AZURE_DLQTTL', 'AZURE_DLQ_TTL'],
  },
}

/** DynamoDB. */
export const DYNAMODB_KEYS: SectionKeys<'dynamodb'> = {
  'dynamodb.taskStatesTable': {
    go: 'DynamoDB.TaskStatesTable',
    kind: text('refuse'),
    means: 'Table of the states of tasks',
    env: goEnv('DYNAMODB', 'TASK_STATES_TABLE'),
    goDefault: 'task_states',
  },
  'dynamodb.groupMetasTable': {
    go: 'DynamoDB.GroupMetasTable',
    kind: text('refuse'),
    means: 'Table of the groups',
    env: goEnv('DYNAMODB', 'GROUP_METAS_TABLE'),
    goDefault: 'group_metas',
  },
}

/** MongoDB, in code only, as in Go. */
export const MONGODB_KEYS: SectionKeys<'mongodb'> = {
  'mongodb.database': {
    go: 'MongoDB.Database',
    kind: text('refuse'),
    means: 'Database of the states',
    yaml: [],
    env: [],
  },
}

/** Google Cloud Pub/Sub, in code only, as in Go. */
export const PUBSUB_KEYS: SectionKeys<'pubsub'> = {
  'pubsub.maxExtensionMs': {
    go: 'GCPPubSub.MaxExtension',
    kind: number(0, undefined, false),
    means: 'How long a delivery may be held at most; 0: 60 minutes',
    yaml: [],
    env: [],
  },
}
