import { MachineryError } from '../../core/errors.ts'
import type { Outgoing, PublishOutcome } from '../../core/ports/broker.ts'
import type { WriteFailure } from './sqlite-connection.ts'

/** SQLite itself ends at 1 GB; larger rows than this make every copy of a page slow. */
export const MAX_BODY_BYTES = 67_108_864

/** Why a queue cannot have this name; undefined if it can. */
export function queueNameError(queue: string): MachineryError | undefined {
  if (queue !== '' && !queue.includes('\0')) return undefined
  const text = `queue is ${JSON.stringify(queue)}; it must be a name without NUL characters, and not empty`
  return new MachineryError('ERR_OPTION_INVALID', text, { details: { queue } })
}

/** Why a message cannot be stored; undefined if it can. */
export function refusal({ queue, body, uuid }: Outgoing): MachineryError | undefined {
  const nameError = queueNameError(queue)
  if (nameError !== undefined) return nameError
  if (body.byteLength > MAX_BODY_BYTES) {
    const text = `message ${uuid} has ${body.byteLength} bytes; sqlite takes at most ${MAX_BODY_BYTES}`
    return new MachineryError('ERR_MESSAGE_TOO_LARGE', text, { details: { uuid, bytes: body.byteLength } })
  }
  return undefined
}

export const STORED: PublishOutcome = { outcome: 'stored' }

/** What a message is answered whose transaction failed. */
export function notStored({ error, isUncertain }: WriteFailure): PublishOutcome {
  return { outcome: isUncertain ? 'uncertain' : 'refused', error }
}
