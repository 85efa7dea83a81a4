import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/**
 * What happened, told by whoever did it. `attempted`, `acknowledged`: by the producer, before and after a send. `started`,
 * `ended`: by the handler, around its work.
 */
export type LogEntry =
  | { readonly kind: 'attempted' | 'acknowledged'; readonly uuid: string }
  | {
      readonly kind: 'started' | 'ended'
      readonly uuid: string
      readonly pid: number
      readonly attempt: number
      /** Names the run. */
      readonly fence: string
    }

/** Appends entries. Each is one write of one line: it survives the death of its process, and lines of many processes do not mix. */
export interface LogWriter {
  write(entry: LogEntry): void
  close(): void
}

export function openLogWriter(path: string): LogWriter {
  const file = openSync(path, 'a')
  return {
    write: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  }
}

/** Reads what was appended since the last call; a line that is not whole yet waits for the next one. */
export interface LogReader {
  read(): readonly LogEntry[]
  close(): void
}

const CHUNK_BYTES = 1_048_576

export function openLogReader(path: string): LogReader {
  const file = openSync(path, 'a+')
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let position = 0
  let rest = ''
  const readChunk = (): string | undefined => {
    const length = readSync(file, chunk, 0, CHUNK_BYTES, position)
    position += length
    return length === 0 ? undefined : chunk.toString('latin1', 0, length)
  }
  return {
    read: () => {
      const entries: LogEntry[] = []
      for (let text = readChunk(); text !== undefined; text = readChunk()) {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) entries.push(JSON.parse(line) as LogEntry)
      }
      return entries
    },
    close: () => closeSync(file),
  }
}
