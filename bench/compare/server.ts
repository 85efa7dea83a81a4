import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server of our own, on loopback, in a private folder. */
export interface Server extends AsyncDisposable {
  readonly url: string
  /** CPU seconds of the server and of all processes it has. */
  cpuSeconds(): number
}

const START_WITHIN_MS = 30_000
const TICKS_PER_SECOND = 100

/** Redis with its defaults but the snapshots: no persistence, or an append-only file that is synced each second. */
export async function startRedis(appendOnly: boolean): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-compare-'))
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: appendOnly ? 'yes' : 'no' }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  return start('redis-server', args, folder, port, `redis://127.0.0.1:${port}`, 'SIGTERM')
}

/** PostgreSQL with its defaults: every commit waits for the disk. It does not run as root. */
export async function startPostgres(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-compare-'))
  const port = await freePort()
  const bin = postgresBin()
  const data = join(folder, 'data')
  const user =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : []
  if (user.length > 0) {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
    chmodSync(folder, 0o755)
    chownSync(folder, id('-u'), id('-g'))
  }
  const [program = '', ...rest] = [...user, join(bin, 'initdb')]
  execFileSync(
    program,
    [...rest, '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      stdio: 'ignore',
    },
  )
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder}`,
  ]
  const [command = '', ...before] = [...user, join(bin, 'postgres')]
  return start(
    command,
    [...before, ...args],
    folder,
    port,
    `postgres://postgres@127.0.0.1:${port}/postgres`,
    'SIGINT',
  )
}

/** A folder for files instead of a server. */
export function fileStore(): Server {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-compare-'))
  mkdirSync(folder, { recursive: true })
  return {
    url: `sqlite:${join(folder, 'compare.db')}`,
    cpuSeconds: () => 0,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

function postgresBin(): string {
  const root = '/usr/lib/postgresql'
  const version = readdirSync(root).toSorted((one, other) => Number(other) - Number(one))[0]
  if (version === undefined) throw new Error(`there is no PostgreSQL below ${root}`)
  return join(root, version, 'bin')
}

async function start(
  program: string,
  args: readonly string[],
  folder: string,
  port: number,
  url: string,
  stopSignal: NodeJS.Signals,
): Promise<Server> {
  const child = spawn(program, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill(stopSignal)
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.race([listening(port), ended.then(() => Promise.reject(new Error(`${program} ended`)))])
  } catch (error) {
    await stop()
    throw error
  }
  return { url, cpuSeconds: () => cpuOfTree(child.pid ?? 0), [Symbol.asyncDispose]: stop }
}

async function listening(port: number): Promise<void> {
  const until = performance.now() + START_WITHIN_MS
  while (performance.now() < until) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nobody listens on port ${port}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** proc(5): fields 14 to 17 of `stat` are its own time and that of children that have ended. */
function cpuOfTree(pid: number): number {
  let ticks = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    let stat: string
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    } catch {
      continue
    }
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const parent = fields[1]
    if (Number(entry) === pid)
      ticks += (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0)
    else if (parent === pid) ticks += (fields[11] ?? 0) + (fields[12] ?? 0)
  }
  return ticks / TICKS_PER_SECOND
}
