import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  searchPath,
  SERVICES,
  type Place,
  type ServiceDefinition,
  type ServiceName,
} from './service-definitions.ts'

/** A server that runs. */
export interface Service {
  readonly url: string
  /** Of a server that was started here and has one. */
  readonly managementUrl?: string | undefined
  /** Process id of the server; undefined for one that was there before. */
  readonly pid: number | undefined
  /** Ends it and removes its folder. Idempotent. */
  stop(): Promise<void>
}

/** Where a server comes from; `absent` says why there is none. */
export type Source =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'program'; readonly program: string }
  | { readonly kind: 'absent'; readonly reason: string }

const APT_TIMEOUT_MS = 9 * 60_000
/** A server is gone within this time. */
export const STOP_WITHIN_MS = 10_000

/** Starts a server, or takes the one whose URL the environment gives. Rejects with the reason where there is none. */
export async function service(name: ServiceName): Promise<Service> {
  const source = await findService(SERVICES[name])
  if (source.kind === 'absent') throw new Error(`${name}: ${source.reason}`)
  return startService(SERVICES[name], source)
}

/** Looks for a URL, then for the program, and installs the program's package where that is possible. */
export async function findService(definition: ServiceDefinition): Promise<Source> {
  const url = process.env[definition.urlVariable]
  if (url !== undefined && url !== '') return { kind: 'url', url }
  const before = findProgram(definition)
  if (before !== undefined) return { kind: 'program', program: before }
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    return {
      kind: 'absent',
      reason: `${definition.program} is not on the PATH and ${definition.urlVariable} is not set`,
    }
  const problem = await install(definition.debianPackage)
  const program = findProgram(definition)
  if (program !== undefined) return { kind: 'program', program }
  return { kind: 'absent', reason: `${definition.debianPackage} could not be installed: ${problem}` }
}

function findProgram(definition: ServiceDefinition): string | undefined {
  return searchPath(definition)
    .map((folder) => join(folder, definition.program))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** One process of this machine at a time: `apt-get update` does not wait for another one by itself. */
function install(debianPackage: string): Promise<string> {
  const lock = join(tmpdir(), 'machinery-ts-apt.lock')
  const options = '-y --no-install-recommends -o DPkg::Lock::Timeout=500'
  const script = `dpkg -s ${debianPackage} >&2 || { apt-get update && apt-get install ${options} ${debianPackage}; }`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return new Promise((resolve) => {
    execFile('flock', [lock, 'sh', '-c', script], { timeout: APT_TIMEOUT_MS, env }, (error, _out, stderr) =>
      resolve(
        error === null ? 'the package has no such program' : `${error.message}\n${stderr.slice(-2_000)}`,
      ),
    )
  })
}

/** Starts a server from its program, or stands for the one behind a URL. Rejects with what it printed when it does not start. */
export async function startService(definition: ServiceDefinition, source: Source): Promise<Service> {
  if (source.kind === 'absent') throw new Error(source.reason)
  if (source.kind === 'url') return { url: source.url, pid: undefined, stop: () => Promise.resolve() }
  const folder = mkdtempSync(join(tmpdir(), `machinery-ts-${definition.program}-`))
  const place: Place = { folder, ports: await freePorts(definition.ports) }
  const launch = definition.launch(source.program, place)
  const [program, ...args] = launch.command
  const env = { ...process.env, ...launch.env }
  const server = spawn(program, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = keepOutput(server)
  const exited = once(server, 'exit').catch((error: unknown) => output.push(String(error)))
  const watchdog = watchOver(server, folder, launch.cleanUp ?? ':', env)
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    signalGroup(server, definition.stopSignal)
    const late = setTimeout(() => signalGroup(server, 'SIGKILL'), STOP_WITHIN_MS / 2)
    await exited
    clearTimeout(late)
    watchdog.stdin?.end()
    await once(watchdog, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
  const running: Service = {
    url: definition.url(place),
    managementUrl: definition.managementUrl?.(place),
    pid: server.pid,
    stop: () => (stopping ??= stop()),
  }
  try {
    await reachable(place.ports[0] ?? 0, server, definition.startWithinMs)
  } catch (error) {
    await running.stop()
    throw new Error(`${definition.program} did not start: ${String(error)}\n${output.join('')}`, {
      cause: error,
    })
  }
  return running
}

/**
 * A process that outlives this one: when its input ends, because we closed it or because we died, it ends the server's
 * process group and removes the folder.
 */
function watchOver(
  server: ChildProcess,
  folder: string,
  cleanUp: string,
  env: NodeJS.ProcessEnv,
): ChildProcess {
  const script = `cat >/dev/null; kill -s KILL -- -"$1" 2>/dev/null; { ${cleanUp}; } >/dev/null 2>&1; rm -rf "$2"`
  const args = ['-c', script, 'watchdog', String(server.pid), folder]
  return spawn('sh', args, { env, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
}

function keepOutput(server: ChildProcess): string[] {
  const output: string[] = []
  const keep = (chunk: Buffer): void => {
    output.push(chunk.toString())
    if (output.length > 100) output.shift()
  }
  server.stdout?.on('data', keep)
  server.stderr?.on('data', keep)
  return output
}

function signalGroup(server: ChildProcess, signal: NodeJS.Signals): void {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  process.kill(-server.pid, signal)
}

/** Ports that were free a moment ago; held all at once, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = []
  for (let index = 0; index < count; index += 1) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** Resolves when something listens on the port; rejects when the server ended, or after `withinMs`. */
async function reachable(port: number, server: ChildProcess, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await canConnect(port))) {
    if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null)
      throw new Error('it ended by itself')
    if (performance.now() > deadline) throw new Error(`port ${port} was not open after ${withinMs} ms`)
    await sleep(20)
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Whether a process exists and is not merely waiting to be collected by its parent. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch {
    return false
  }
}
