import type { LogFields, Logger } from '../core/logger.ts'

/** Levels of the console logger, from the most to the least talkative. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

/** Writes one readable line per entry: time, level, message, fields as JSON. Warnings and errors go to stderr. */
export function consoleLogger(level: LogLevel = 'info', bindings: LogFields = {}): Logger {
  const write = (at: LogLevel, print: (line: string) => void) => (fields: LogFields, message: string) => {
    if (ORDER.indexOf(at) < ORDER.indexOf(level)) return
    print(
      `${new Date().toISOString()} ${at.toUpperCase().padEnd(5)} ${message}${fieldsText({ ...bindings, ...fields })}`,
    )
  }
  return {
    debug: write('debug', (line) => console.log(line)),
    info: write('info', (line) => console.log(line)),
    warn: write('warn', (line) => console.error(line)),
    error: write('error', (line) => console.error(line)),
    child: (more) => consoleLogger(level, { ...bindings, ...more }),
  }
}

function fieldsText(fields: LogFields): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  if (entries.length === 0) return ''
  return ' ' + entries.map(([key, value]) => `${key}=${valueText(value)}`).join(' ')
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value
  if (value instanceof Error) return JSON.stringify(`${value.name}: ${value.message}`)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return '"[unprintable]"'
  }
}
