import { ACL_COMMANDS } from './generated/acl-commands.ts'
import {
  CHORD_MUTEX_KEY,
  delayedKeys,
  dueChannel,
  QUEUES_KEY,
  queueKeys,
  stateChannel,
  taskKeys,
  wakeChannel,
} from './redis-keys.ts'

/** What the users of a deployment may touch. */
export interface AclPlaces {
  /** Names of the queues; `*`, `?` and `[…]` match as in Redis, a backslash takes the next character as it is. @default the default queue */
  readonly queues?: readonly string[]
  /** The same of the set of delayed messages. @default 'delayed_tasks' */
  readonly delayedKey?: string
  /** Whether publishes wait for the disk: `WAITAOF`, which servers before 7.2 do not know. @default false */
  readonly hasWaitAof?: boolean
  /** Whether it is a Cluster. @default false */
  readonly isCluster?: boolean
}

/** Users of the driver. `worker`: servers that run tasks; `producer`: servers that only send, and wait for results. */
export type AclRole = 'worker' | 'producer'

/** UUIDs as they are made; others need a pattern of their own. */
const TASKS = ['task_*', 'chord_*'] as const
const GROUPS = 'group_*'
const LOCKS = 'machinery_lock_*'

/** What a Cluster's client needs to find the nodes. */
const OF_CLUSTERS = ['cluster|slots', 'cluster|shards', 'cluster|info', 'readonly'] as const

/**
 * Rules of `ACL SETUSER` for a role, derived from the commands and keys of the driver. Commands inside scripts are checked
 * against the user who runs the script. A producer's need Redis 7: each command is allowed on the keys that it is used for.
 */
export function aclRules(role: AclRole, places: AclPlaces = {}): readonly string[] {
  const { isCluster = false } = places
  const rules = role === 'worker' ? workerRules(places) : producerRules(places)
  const cluster = isCluster ? OF_CLUSTERS.map((command) => `+${command}`) : []
  return ['resetkeys', 'resetchannels', '-@all', ...cluster, ...rules]
}

function workerRules({ queues = ['machinery_tasks'], delayedKey = 'delayed_tasks', hasWaitAof }: AclPlaces) {
  const keys = [...queues, delayedKey, ...TASKS, GROUPS, LOCKS, CHORD_MUTEX_KEY, 'mq:*']
  const commands = ACL_COMMANDS.worker.filter((name) => name !== 'waitaof' || hasWaitAof === true)
  return [...commands.map((name) => `+${name}`), ...keys.map((key) => `~${key}`), '&mq:*']
}

/** Commands on the keys that they are used for. */
interface Grant {
  readonly commands: readonly string[]
  readonly keys?: readonly string[]
  readonly channels?: readonly string[]
}

function producerRules({
  queues = ['machinery_tasks'],
  delayedKey = 'delayed_tasks',
  hasWaitAof = false,
}: AclPlaces): readonly string[] {
  const { plain, enveloped } = delayedKeys(delayedKey)
  const priorities = queues.map((queue) => queueKeys(queue).priorities)
  const landing = queues.map((queue) => queueKeys(queue).land)
  const extras = TASKS.map((uuid) => taskKeys(uuid)[1])
  const grants: readonly Grant[] = [
    { commands: ['rpush'], keys: queues },
    { commands: ['llen'], keys: [...queues, ...landing] },
    { commands: ['zadd', 'zcard', 'zrevrangebyscore'], keys: priorities },
    { commands: ['zadd'], keys: [plain, enveloped] },
    { commands: ['exists', 'get', 'mget', 'set'], keys: TASKS },
    { commands: ['del'], keys: extras },
    { commands: ['set'], keys: [GROUPS] },
    { commands: ['sadd'], keys: [QUEUES_KEY] },
    {
      commands: ['publish'],
      channels: [stateChannel('*'), ...queues.map(wakeChannel), dueChannel(delayedKey)],
    },
    { commands: ['subscribe', 'unsubscribe'], channels: [stateChannel('*')] },
  ]
  const granted = new Set(grants.flatMap(({ commands }) => commands))
  const onNoKey = ACL_COMMANDS.producer.filter(
    (name) => ON_NO_KEY.has(name) && !granted.has(name) && (name !== 'waitaof' || hasWaitAof),
  )
  // Scripts name all keys that they touch; what they do with each is checked command by command.
  const named = [...queues, ...landing, ...priorities, plain, enveloped, ...TASKS, ...extras, GROUPS]
  return [
    ...onNoKey.map((name) => `+${name}`),
    ...named.map((key) => `~${key}`),
    ...grants.map(({ commands, keys = [], channels = [] }) => {
      const rules = [...commands.map((name) => `+${name}`), ...keys.map((key) => `~${key}`)]
      return `(${[...rules, ...channels.map((channel) => `&${channel}`)].join(' ')})`
    }),
  ]
}

/** Commands that touch no key, or run a script on the keys that it names. */
const ON_NO_KEY: ReadonlySet<string> = new Set([
  ...['eval', 'evalsha', 'hello', 'info', 'ping', 'select', 'time', 'wait', 'waitaof'],
])

/** The line of an ACL file for a role; it wants a password in place of the dots. */
export function aclLine(role: AclRole, places: AclPlaces = {}): string {
  return `user ${role} on >… ${aclRules(role, places).join(' ')}`
}
