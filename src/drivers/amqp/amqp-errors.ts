import { MachineryError } from '../../core/errors.ts'

// Reply codes of AMQP 0-9-1 (https://www.rabbitmq.com/amqp-0-9-1-reference.html#constants).
const ACCESS_REFUSED = 403
const NOT_FOUND = 404
const RESOURCE_LOCKED = 405
const PRECONDITION_FAILED = 406

/** The code with which the server closed a channel or connection. */
export function replyCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

/** Whether a queue or exchange is not there. */
export const isNotFound = (error: unknown): boolean => replyCode(rootOf(error)) === NOT_FOUND

/** Whether something is there, declared otherwise. */
export const isMismatch = (error: unknown): boolean => replyCode(rootOf(error)) === PRECONDITION_FAILED

/** Whether another connection has it for itself. */
export const isLocked = (error: unknown): boolean => replyCode(rootOf(error)) === RESOURCE_LOCKED

function rootOf(error: unknown): unknown {
  return error instanceof MachineryError ? error.cause : error
}

/** A server that is short of memory or disk. */
export function blockedError(name: string, ms: number, reason: string): MachineryError {
  return new MachineryError('ERR_STORE_FULL', `${name} takes no messages after ${ms} ms: ${reason}`)
}

const DIFFERS =
  /inequivalent arg '([^']*)' for (\w+) '([^']*)'.*?: received (.*?) but current is (.*?)(?:"|$)/

/** The error that crosses a port: a `MachineryError` as it is, an error of the server or the client library wrapped. */
export function amqpError(error: unknown, name: string): MachineryError {
  if (error instanceof MachineryError) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = replyCode(error)
  const options = { cause: error, details: { replyCode: code } }
  const differs = DIFFERS.exec(text)
  if (differs !== null) {
    const [, argument, kind, subject, ours, theirs] = differs
    return new MachineryError(
      'ERR_OPTION_INVALID',
      `${kind} ${JSON.stringify(subject)} exists on ${name} with another ${argument}: asked for ${ours}, there is ${theirs}; ` +
        'ask for what is there, or delete it first',
      { cause: error, details: { replyCode: code, [String(kind)]: subject, argument, ours, theirs } },
    )
  }
  if (code === NOT_FOUND) {
    return new MachineryError('ERR_OPTION_INVALID', `${name} does not have it: ${text}`, options)
  }
  if (code === ACCESS_REFUSED || code === RESOURCE_LOCKED || code === PRECONDITION_FAILED) {
    return new MachineryError('ERR_STORE_FAILED', `${name} refused it: ${text}`, options)
  }
  return new MachineryError('ERR_CONNECTION_LOST', `${name} did not answer: ${text}`, options)
}
