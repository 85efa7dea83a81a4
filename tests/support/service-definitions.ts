import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

// Recipes for real servers: loopback only, private ports, private folder, no systemd, no container.

/** What a server may use. */
export interface Place {
  /** Empty, private, removed afterwards. */
  readonly folder: string
  /** Free ports on 127.0.0.1, as many as `ports` of the definition says. */
  readonly ports: readonly number[]
}

/** How to start one server. */
export interface Launch {
  readonly command: readonly [program: string, ...args: string[]]
  readonly env?: Readonly<Record<string, string>>
  /** A shell command that ends what the server's process group does not hold. */
  readonly cleanUp?: string
}

/** A kind of server. */
export interface ServiceDefinition {
  /** Environment variable with the URL of a server to use instead of starting one. */
  readonly urlVariable: string
  /** Looked for on the PATH and in `extraPath`. */
  readonly program: string
  readonly extraPath?: string
  readonly debianPackage: string
  readonly ports: number
  /** The server accepts connections on the first port within this time, on a busy machine. */
  readonly startWithinMs: number
  readonly stopSignal: NodeJS.Signals
  launch(program: string, place: Place): Launch
  url(place: Place): string
  /** Where a second way into it is, for people. */
  managementUrl?(place: Place): string
}

const redis: ServiceDefinition = {
  urlVariable: 'REDIS_URL',
  program: 'redis-server',
  debianPackage: 'redis-server',
  ports: 1,
  startWithinMs: 20_000,
  stopSignal: 'SIGTERM',
  launch: (program, { folder, ports }) => {
    const options = {
      port: ports[0],
      bind: '127.0.0.1',
      dir: folder,
      appendonly: 'yes',
      save: '',
      daemonize: 'no',
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    return { command: [program, ...args] }
  },
  url: ({ ports }) => `redis://127.0.0.1:${ports[0]}`,
}

const memcached: ServiceDefinition = {
  urlVariable: 'MEMCACHED_URL',
  program: 'memcached',
  debianPackage: 'memcached',
  ports: 1,
  startWithinMs: 20_000,
  stopSignal: 'SIGTERM',
  launch: (program, { ports }) => {
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
    return {
      command: [
        program,
        ...user,
        '-l',
        '127.0.0.1',
        '-p',
        String(ports[0]),
        '-U',
        '0',
        '-m',
        '64',
        '-I',
        '4m',
      ],
    }
  },
  url: ({ ports }) => `memcache://127.0.0.1:${ports[0]}`,
}

const rabbitmq: ServiceDefinition = {
  urlVariable: 'AMQP_URL',
  program: 'rabbitmq-server',
  // The wrapper on the PATH switches user and uses the machine's folders; the one here runs as it is told.
  extraPath: '/usr/lib/rabbitmq/bin',
  debianPackage: 'rabbitmq-server',
  ports: 4,
  startWithinMs: 90_000,
  stopSignal: 'SIGKILL',
  launch: (program, { folder, ports: [amqp, epmd, dist, management] }) => {
    for (const name of ['home', 'mnesia', 'log']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_management].')
    const config = {
      'listeners.tcp.1': `127.0.0.1:${amqp}`,
      'management.tcp.ip': '127.0.0.1',
      'management.tcp.port': management,
      'log.console': false,
      'vm_memory_high_watermark.absolute': '1GB',
      'disk_free_limit.absolute': '50MB',
    }
    const lines = Object.entries(config).map(([key, value]) => `${key} = ${value}\n`)
    writeFileSync(join(folder, 'rabbitmq.conf'), lines.join(''))
    const env = {
      HOME: join(folder, 'home'),
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `t${amqp}@localhost`,
      RABBITMQ_DIST_PORT: String(dist),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'none.conf'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
    }
    // epmd is a daemon of its own, and refuses to end while it still believes in a living node.
    return { command: [program], env, cleanUp: `sleep 1; epmd -port ${epmd} -kill` }
  },
  url: ({ ports }) => `amqp://guest:guest@127.0.0.1:${ports[0]}`,
  managementUrl: ({ ports }) => `http://guest:guest@127.0.0.1:${ports[3]}`,
}

/** All servers that tests can ask for. */
export const SERVICES = { redis, memcached, rabbitmq } as const satisfies Record<string, ServiceDefinition>

/** Name of a server that tests can ask for. */
export type ServiceName = keyof typeof SERVICES

/** Folders in which a program is looked for: first its own, then the PATH and where Debian keeps servers. */
export function searchPath(definition: ServiceDefinition): readonly string[] {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  return [
    ...(definition.extraPath === undefined ? [] : [definition.extraPath]),
    ...path,
    '/usr/sbin',
    '/usr/bin',
  ]
}
