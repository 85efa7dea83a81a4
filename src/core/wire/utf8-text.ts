import { isUtf8 } from 'node:buffer'
import { decodeError } from './decode-error.ts'

const REPLACEMENT = '\uFFFD'

/**
 * The text of UTF-8 bytes. A byte order mark is kept, for the reader to refuse.
 * @throws `ERR_DECODE` for invalid UTF-8.
 */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString()
  if (text.includes(REPLACEMENT) && !isUtf8(buffer)) {
    throw decodeError('the bytes are not valid UTF-8', text.indexOf(REPLACEMENT), 'UTF-8')
  }
  return text
}
