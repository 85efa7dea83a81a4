import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Place, ServiceDefinition } from '../support/service-definitions.ts'

// Redis in its other forms, each as one service: a shell that starts several servers and waits for them.

type Words = Readonly<Record<string, string | number>>

const words = (options: Words): string =>
  Object.entries(options)
    .map(([name, value]) => `--${name} '${value}'`)
    .join(' ')

const server = (program: string, folder: string, port: number, options: Words = {}): string => {
  mkdirSync(folder, { recursive: true })
  const own = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', save: '', daemonize: 'no' }
  return `${program} ${words({ ...own, ...options })} &`
}

const definition = (ports: number, script: (program: string, place: Place) => string): ServiceDefinition => ({
  urlVariable: 'REDIS_ALL_URL',
  program: 'redis-server',
  debianPackage: 'redis-server redis-sentinel redis-tools',
  ports,
  startWithinMs: 20_000,
  stopSignal: 'SIGTERM',
  launch: (program, place) => ({ command: ['sh', '-c', `${script(program, place)}\nwait`] }),
  // All that a test needs to know: where the folder is, and the ports.
  url: ({ folder, ports: taken }) => JSON.stringify({ folder, ports: taken }),
})

/** One server with TLS on the second port and a socket `r.sock`; certificates in `tls`. */
export const redisTls: ServiceDefinition = definition(
  2,
  (program, { folder, ports: [plain = 0, tls = 0] }) => {
    const certificates = makeCertificates(join(folder, 'tls'))
    const options = {
      'tls-port': tls,
      'tls-cert-file': certificates.cert,
      'tls-key-file': certificates.key,
      'tls-ca-cert-file': certificates.ca,
      'tls-auth-clients': 'optional',
      unixsocket: join(folder, 'r.sock'),
      unixsocketperm: 700,
    }
    return server(program, folder, plain, options)
  },
)

/** Three masters with `replicas` each; the second half of the ports is the bus. */
const clusterOf = (replicas: number): ServiceDefinition => {
  const count = 3 * (1 + replicas)
  return definition(2 * count, (program, { folder, ports }) => {
    const nodes = ports.slice(0, count)
    const started = nodes.map((port, index) =>
      server(program, join(folder, `${index}`), port, {
        'cluster-enabled': 'yes',
        'cluster-port': ports[index + count] ?? 0,
        'cluster-config-file': 'nodes.conf',
        'cluster-node-timeout': 2_000,
        'repl-diskless-sync-delay': 0,
      }),
    )
    const addresses = nodes.map((port) => `127.0.0.1:${port}`).join(' ')
    const reachable = nodes
      .map((port) => `until redis-cli -p ${port} ping >/dev/null 2>&1; do sleep 0.05; done`)
      .join('\n')
    return [
      ...started,
      reachable,
      `redis-cli --cluster create ${addresses} --cluster-replicas ${replicas} --cluster-yes`,
    ].join('\n')
  })
}

/** Three masters; the last three ports are the bus. */
export const redisCluster: ServiceDefinition = clusterOf(0)

/** Three masters with a replica each; the last six ports are the bus. */
export const redisClusterWithReplicas: ServiceDefinition = clusterOf(1)

/** The configuration of one of three sentinels that watch `mymaster` on this machine. */
export function sentinelConfig({
  port,
  folder,
  master,
}: {
  readonly port: number
  readonly folder: string
  /** Port of the master at the beginning. */
  readonly master: number
}): string {
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${master} 2`,
    'sentinel down-after-milliseconds mymaster 1000',
    'sentinel failover-timeout mymaster 3000',
    'sentinel parallel-syncs mymaster 1',
  ]
  return `${lines.join('\n')}\n`
}

/** A master on the first port, a replica on the second, three sentinels on the others. */
export const redisSentinel: ServiceDefinition = definition(5, (program, { folder, ports }) => {
  const [master = 0, replica = 0, ...sentinels] = ports
  const started = [
    server(program, join(folder, 'master'), master),
    server(program, join(folder, 'replica'), replica, { replicaof: `127.0.0.1 ${master}` }),
  ]
  for (const port of sentinels) {
    const own = join(folder, `${port}`)
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'sentinel.conf'), sentinelConfig({ port, folder: own, master }))
    started.push(`${program} ${join(own, 'sentinel.conf')} --sentinel &`)
  }
  return started.join('\n').replaceAll("--replicaof '127.0.0.1 ", "--replicaof 127.0.0.1 '")
})

function makeCertificates(folder: string): {
  readonly cert: string
  readonly key: string
  readonly ca: string
} {
  mkdirSync(folder)
  const file = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '30',
    '-subj',
    '/CN=test ca',
  )
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  writeFileSync(file('san.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-out', 'server.crt', '-days', '30', '-extfile', 'san.ext'],
  )
  return { cert: file('server.crt'), key: file('server.key'), ca: file('ca.crt') }
}
