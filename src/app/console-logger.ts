import { styleText } from 'node:util'
import type { LogFields, Logger } from '../core/logger.ts'

/** Levels of the console logger, from the most to the least talkative. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

const STYLES: Readonly<Record<LogLevel, Parameters<typeof styleText>[0]>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  silent: 'reset',
}

/**
 * Writes one readable line per entry: time, level, message, fields as JSON. Warnings and errors go to stderr. In colour on a terminal,
 * unless `NO_COLOR` is set (https://no-color.org); `FORCE_COLOR` asks for it elsewhere.
 */
export function consoleLogger(level: LogLevel = 'info', bindings: LogFields = {}): Logger {
  const write = (at: LogLevel, print: (line: string) => void) => (fields: LogFields, message: string) => {
    if (ORDER.indexOf(at) < ORDER.indexOf(level)) return
    const stream = at === 'warn' || at === 'error' ? process.stderr : process.stdout
    const styled = (style: (typeof STYLES)[LogLevel], text: string): string =>
      text === '' ? '' : styleText(style, text, { stream })
    const time = styled('gray', new Date().toISOString())
    const name = styled(STYLES[at], at.toUpperCase().padEnd(5))
    print(`${time} ${name} ${message}${styled('gray', fieldsText({ ...bindings, ...fields }))}`)
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
