import { consoleLogger, type LogLevel } from '../app/console-logger.ts'
import type { LogFields, Logger } from '../core/logger.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import { withoutCredentials } from './printable.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

/** A logger whose level can be changed while it is used. */
export interface LevelLogger {
  readonly logger: Logger
  setLevel(level: LogLevel): void
}

/** Lets through what is at or above the level. */
export function levelLogger(inner: Logger, level: LogLevel): LevelLogger {
  let now = ORDER.indexOf(level)
  const over = (logger: Logger): Logger => {
    const at =
      (name: Level) =>
      (fields: LogFields, message: string): void => {
        if (ORDER.indexOf(name) >= now) logger[name](fields, message)
      }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (bindings) => over(logger.child(bindings)),
    }
  }
  return { logger: over(inner), setLevel: (next) => void (now = ORDER.indexOf(next)) }
}

/** Lines for people. */
export const prettyLogger: Logger = consoleLogger('debug')

/** One line of JSON per entry on stdout, for collectors: `time`, `level`, `msg` and the fields. */
export function jsonLogger(
  write: (line: string) => void,
  now: () => number,
  bindings: LogFields = {},
): Logger {
  const at =
    (level: Level) =>
    (fields: LogFields, msg: string): void => {
      write(entryText({ time: nowRfc3339(now()), level, msg, ...bindings, ...fields }))
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => jsonLogger(write, now, { ...bindings, ...more }),
  }
}

function entryText(entry: LogFields): string {
  try {
    return withoutCredentials(JSON.stringify(entry, shown))
  } catch {
    const { time, level, msg } = entry
    return JSON.stringify({ time, level, msg, unprintable: true })
  }
}

function shown(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (!(value instanceof Error)) return value
  const { name, message, stack, cause } = value
  return {
    type: name,
    message,
    stack,
    ...('code' in value ? { code: value.code } : {}),
    ...(cause === undefined ? {} : { cause }),
  }
}
