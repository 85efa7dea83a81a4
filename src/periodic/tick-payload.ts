import { MachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import type { WireLimits } from '../core/wire/limits.ts'
import { decodeMessage } from '../core/wire/message-codec.ts'

// What waits in the outbox: four bytes that name the form, then each message as its length (32 bits, big-endian) and its wire
// document in the compact form. States, groups, queues and delays are read off the messages, as after any hand-over.

const FORM_NAME = 'MQT1'
const FORM = Buffer.from(FORM_NAME)
const LENGTH_BYTES = 4

/** Most bytes that one tick may enqueue. */
export const MAX_PAYLOAD_BYTES = 67_108_864

/** The payload of a tick, from the wire documents of its messages. */
export function encodePayload(bodies: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [FORM]
  for (const body of bodies) {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(body.byteLength)
    parts.push(length, body)
  }
  return Buffer.concat(parts)
}

/**
 * The messages of a payload.
 * @throws `ERR_DECODE` when it is none; `ERR_LIMIT_EXCEEDED` as for any message.
 */
export function decodePayload(payload: Uint8Array, limits: WireLimits): readonly Message[] {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  if (!bytes.subarray(0, FORM.byteLength).equals(FORM)) throw malformed(`does not begin with ${FORM_NAME}`, 0)
  const messages: Message[] = []
  for (let at = FORM.byteLength; at < bytes.byteLength;) {
    const start = at + LENGTH_BYTES
    if (start > bytes.byteLength) throw malformed('ends within a length', at)
    at = start + bytes.readUInt32BE(at)
    if (at > bytes.byteLength) throw malformed('ends within a message', start)
    messages.push(decodeMessage(bytes.subarray(start, at), limits))
  }
  return messages
}

function malformed(problem: string, offset: number): MachineryError {
  return new MachineryError('ERR_DECODE', `the payload of a tick ${problem}`, { details: { offset } })
}
