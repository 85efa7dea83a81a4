import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { sentinelConfig } from '../redis-all/redis-servers.ts'
import type { ServiceDefinition } from '../support/service-definitions.ts'

// Redis servers that a shell starts again when they die, except while a file `hold` is in their folder.

const AOF_FOLDER = 'appendonlydir'
/** While it is there, a server that died stays dead. */
export const HOLD_FILE = 'hold'

/** Where a service is: what its URL says, as JSON. */
export interface RedisPlace {
  readonly folder: string
  readonly ports: readonly number[]
}

function restarting(program: string, folder: string, port: number, ...more: readonly string[]): string {
  mkdirSync(folder, { recursive: true })
  const options = [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', "''"],
    ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--appenddirname', AOF_FOLDER],
    // The files are the ledger: commands from the first byte, and none thrown away.
    ...['--aof-use-rdb-preamble', 'no', '--auto-aof-rewrite-percentage', '0', '--aof-disable-auto-gc', 'yes'],
    ...more,
  ]
  const hold = join(folder, HOLD_FILE)
  return `while :; do ${program} ${options.join(' ')}; while [ -e ${hold} ]; do sleep 0.05; done; done &`
}

const restartingService = (
  ports: number,
  script: (program: string, place: RedisPlace) => string,
): ServiceDefinition => ({
  urlVariable: 'NONE_SUCH',
  program: 'redis-server',
  debianPackage: 'redis-server redis-sentinel redis-tools',
  ports,
  startWithinMs: 20_000,
  stopSignal: 'SIGTERM',
  launch: (program, place) => ({ command: ['sh', '-c', `${script(program, place)}\nwait`] }),
  url: ({ folder, ports: taken }) => JSON.stringify({ folder, ports: taken } satisfies RedisPlace),
})

/** The folder of the server on a port. */
export const folderOf = ({ folder }: RedisPlace, port: number): string => join(folder, `${port}`)

/** The append-only files of the server on a port. */
export const aofFolder = (place: RedisPlace, port: number): string => join(folderOf(place, port), AOF_FOLDER)

/** One server. */
export const restartingRedis: ServiceDefinition = restartingService(1, (program, place) => {
  const [port = 0] = place.ports
  return restarting(program, folderOf(place, port), port)
})

/** A master on the first port, a replica on the second, three sentinels on the others. */
export const restartingSentinel: ServiceDefinition = restartingService(5, (program, place) => {
  const [master = 0, replica = 0, ...sentinels] = place.ports
  const started = [
    restarting(program, folderOf(place, master), master),
    restarting(program, folderOf(place, replica), replica, '--replicaof', '127.0.0.1', `${master}`),
  ]
  for (const port of sentinels) {
    const own = folderOf(place, port)
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'sentinel.conf'), sentinelConfig({ port, folder: own, master }))
    started.push(`${program} ${join(own, 'sentinel.conf')} --sentinel &`)
  }
  return started.join('\n')
})
