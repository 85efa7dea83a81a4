import { MachineryError } from '../errors.ts'
import type { JsonText, Message } from '../message.ts'
import { encodeCompact } from './compact-encoder.ts'
import { encodeFull, FULL_FORMS } from './full-encoder.ts'
import { DEFAULT_WIRE_LIMITS, limitExceeded, type WireLimits } from './limits.ts'
import { readDocument } from './message-decoder.ts'
import { textOfBytes } from './utf8-text.ts'
import { isWellFormed } from './well-formed.ts'

/**
 * How much is written. Both of Machinery's dialects read each of them.
 * - `compact`: only fields that are set, and always `UUID` and `Name`. A message that was decoded and not changed, and
 *   any such signature nested in another, goes out with its own text, byte for byte.
 * - `full`: every field of both dialects (go-core 1.5), and unknown keys.
 * - `full-upstream`, `full-fork`: exactly what Go writes in that dialect. Keys that Go does not know are left out;
 *   values of arguments and headers keep their text, with Go's HTML escapes.
 */
export type WireForm = 'compact' | 'full' | 'full-upstream' | 'full-fork'

/**
 * Reads a message in either dialect (go-core 1.4, 1.6), in time linear to its size.
 *
 * Stricter than Go in four points: after the document only white space may follow (Go ignores the rest), `null` is
 * neither a document nor a callback, a known key may occur once only, in whatever case, and invalid UTF-8 is refused.
 * An empty UUID is accepted; another one must match `[\w.:-]{1,200}`.
 *
 * @throws `ERR_DECODE` when the bytes are no such message; `details` has `offset` (in UTF-16 units) and `expected`.
 * @throws `ERR_LIMIT_EXCEEDED` when a limit is exceeded; `details` has `limit`, `value` and `maximum`.
 */
export function decodeMessage(body: Uint8Array, limits: WireLimits = DEFAULT_WIRE_LIMITS): Message {
  if (body.byteLength > limits.maxBytes) throw limitExceeded('maxBytes', body.byteLength, limits.maxBytes)
  return readDocument(textOfBytes(body), limits)
}

/** As `decodeMessage`, from a text; `maxBytes` is compared with its length in UTF-8. */
export function decodeMessageText(text: string, limits: WireLimits = DEFAULT_WIRE_LIMITS): Message {
  if (text.length * 3 > limits.maxBytes) {
    const bytes = Buffer.byteLength(text)
    if (bytes > limits.maxBytes) throw limitExceeded('maxBytes', bytes, limits.maxBytes)
  }
  if (!isWellFormed(text)) throw new MachineryError('ERR_DECODE', 'the text has a lone surrogate')
  return readDocument(text, limits)
}

/**
 * The message as UTF-8 JSON.
 * @throws `ERR_ENCODE` for counters that are no safe integers and a priority outside of 0…255.
 * @throws `ERR_WORKFLOW_TOO_LARGE` when signatures are nested more than 1,000 deep.
 */
export function encodeMessage(message: Message, form: WireForm = 'compact'): Uint8Array {
  return Buffer.from(encodeMessageText(message, form))
}

/** As `encodeMessage`, as text. */
export function encodeMessageText(message: Message, form: WireForm = 'compact'): JsonText {
  return form === 'compact' ? encodeCompact(message) : encodeFull(message, FULL_FORMS[form])
}
