import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

// The append-only file has every write in the order in which the server made it, those of scripts too: it tells what was
// committed without asking the system under test.

const CHUNK_BYTES = 4_194_304
const CR_LF_BYTES = 2
const FILE_NAME = /\.(\d+)\.(base|incr)\.aof$/
const TERMINAL = /^\{"TaskUUID":"[^"]*"(?:,"TaskName":"[^"]*")?,"State":"(?:SUCCESS|FAILURE)"/
/** A document's state stands at its beginning. */
const HEAD_BYTES = 512

/**
 * How many terminal states were written, by UUID: the most of any timeline. The files of one number are a timeline: what a
 * server began with, as commands, and what it wrote since. A server that lost a suffix begins a new one.
 * @param folder `appenddirname` of a server with `aof-use-rdb-preamble no`
 */
export function terminalWrites(folder: string): ReadonlyMap<string, number> {
  const timelines = new Map<string, Map<string, number>>()
  const files = readdirSync(folder).filter((name) => FILE_NAME.test(name))
  for (const name of files) {
    const number = FILE_NAME.exec(name)?.[1] ?? ''
    const counts = timelines.get(number) ?? new Map<string, number>()
    timelines.set(number, counts)
    forEachCommand(join(folder, name), (command) => {
      const [verb, key, value] = command
      if (!/^set$/i.test(verb ?? '') || key === undefined || !TERMINAL.test(value ?? '')) return
      counts.set(key, (counts.get(key) ?? 0) + 1)
    })
  }
  return mostOf([...timelines.values()])
}

/** By UUID, the highest count that any of them has. */
export function mostOf(all: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>()
  for (const counts of all) {
    for (const [uuid, count] of counts) most.set(uuid, Math.max(most.get(uuid) ?? 0, count))
  }
  return most
}

/** Reads RESP arrays (Redis serialization protocol specification); ends at a command that is not whole. */
function forEachCommand(path: string, use: (command: readonly string[]) => void): void {
  const file = openSync(path, 'r')
  let buffer = Buffer.alloc(0)
  let at = 0
  const more = (): boolean => {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const length = readSync(file, chunk, 0, CHUNK_BYTES, null)
    buffer = Buffer.concat([buffer.subarray(at), chunk.subarray(0, length)])
    at = 0
    return length > 0
  }
  const line = (): string | undefined => {
    for (;;) {
      const end = buffer.indexOf('\r\n', at)
      if (end >= 0) {
        const text = buffer.toString('latin1', at, end)
        at = end + CR_LF_BYTES
        return text
      }
      if (!more()) return undefined
    }
  }
  const bulk = (): string | undefined => {
    const head = line()
    if (head === undefined) return undefined
    const length = Number(head.slice(1))
    while (buffer.length - at < length + CR_LF_BYTES) if (!more()) return undefined
    const text = buffer.toString('latin1', at, at + Math.min(length, HEAD_BYTES))
    at += length + CR_LF_BYTES
    return text
  }
  try {
    for (let head = line(); head !== undefined; head = line()) {
      if (!head.startsWith('*')) throw new Error(`${path}: ${head} is no command`)
      const command: string[] = []
      for (let rest = Number(head.slice(1)); rest > 0; rest--) {
        const word = bulk()
        if (word === undefined) return
        command.push(word)
      }
      use(command)
    }
  } finally {
    closeSync(file)
  }
}
