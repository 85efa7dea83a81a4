/** Fields of a structured log line. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * Where the product logs. The shape is pino's, so a pino logger can be given as it is.
 * Nothing is logged above `debug` for a message that goes well.
 */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger that adds `bindings` to every line. */
  child(bindings: LogFields): Logger
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
