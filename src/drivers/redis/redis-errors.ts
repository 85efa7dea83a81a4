import type { ErrorCode } from '../../core/error-codes.ts'
import { MachineryError } from '../../core/errors.ts'

/** What the server answers, by the first word, when it did not do what it was asked for. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  OOM: 'ERR_STORE_FULL',
  MISCONF: 'ERR_STORE_FULL',
  QUEUEFULL: 'ERR_QUEUE_FULL',
  BUSY: 'ERR_STORE_BUSY',
  READONLY: 'ERR_CONNECTION_LOST',
  LOADING: 'ERR_CONNECTION_LOST',
  MASTERDOWN: 'ERR_CONNECTION_LOST',
  CLUSTERDOWN: 'ERR_CONNECTION_LOST',
  TRYAGAIN: 'ERR_CONNECTION_LOST',
  UNBLOCKED: 'ERR_CONNECTION_LOST',
  NOREPLICAS: 'ERR_CONNECTION_LOST',
  MOVED: 'ERR_CONNECTION_LOST',
  ASK: 'ERR_CONNECTION_LOST',
}

const FIRST_WORD = /^-?([A-Z]+)\b/
/** In the message of an error that a command inside a script had. */
const INNER_WORD = /\b(OOM|MISCONF|READONLY|NOREPLICAS|CLUSTERDOWN|MASTERDOWN)\b/

/** Whether the library says that it did not even try. */
const NOT_SENT = /isn't writeable|Failed to refresh slots cache|None of startup nodes is available/

/** The error that crosses a port: a `MachineryError` as it is, an error of the client library wrapped. */
export function redisError(error: unknown, name: string): MachineryError {
  if (error instanceof MachineryError) return error
  const text = error instanceof Error ? error.message : String(error)
  const cause = withoutCommand(error)
  const wrapped = (code: ErrorCode, what: string, maybeExecuted: boolean): MachineryError =>
    new MachineryError(code, `${name} ${what}: ${text}`, { cause, details: { maybeExecuted } })
  if (isReply(error)) {
    const code = refusalCode(text)
    return wrapped(code ?? 'ERR_STORE_FAILED', 'refused a command', false)
  }
  return wrapped('ERR_CONNECTION_LOST', 'did not answer', !NOT_SENT.test(text))
}

/**
 * The same error, without what the library attaches to it: the command that was refused, whose arguments may be a password
 * or the bytes of messages.
 */
export function withoutCommand<E>(error: E): E {
  if (!(error instanceof Error)) return error
  if ('command' in error) delete error.command
  if ('lastNodeError' in error) withoutCommand(error.lastNodeError)
  return error
}

/** The code for the text of an error that the server answered; undefined if it has none of its own. */
export function refusalCode(text: string): ErrorCode | undefined {
  return REFUSALS[FIRST_WORD.exec(text)?.[1] ?? ''] ?? REFUSALS[INNER_WORD.exec(text)?.[1] ?? '']
}

/** Whether it is certain that the store did nothing. */
export function isRefused(error: MachineryError): boolean {
  return error.details['maybeExecuted'] === false
}

/** Whether the server itself answered, and did not do it. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Whether the server does not know a script by its digest. */
export function isUnknownScript(error: unknown): boolean {
  return isReply(error) && (error as Error).message.startsWith('NOSCRIPT')
}

/** Whether the server refused the user or the password, which may have been renewed. */
export function isAuthError(error: unknown): boolean {
  return error instanceof Error && /^-?(WRONGPASS|NOAUTH)\b/.test(error.message)
}

/** Whether the client gave up waiting: the connection may be half open. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out'
}
