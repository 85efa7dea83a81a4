import { conversionError } from './arg-type.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const IS_DIGIT = new Uint8Array(128)
for (const char of ALPHABET) IS_DIGIT[char.charCodeAt(0)] = 1

const PAD = 0x3d
const isNewline = (code: number): boolean => code === 0x0a || code === 0x0d

/**
 * The bytes of a base64 text: standard alphabet, padding required, CR and LF ignored.
 * @throws `ERR_DECODE` with Go's text, `illegal base64 data at input byte N`.
 */
export function decodeBase64(text: string, typeName: string): Uint8Array {
  const illegal = illegalAt(text)
  if (illegal >= 0) throw conversionError(`illegal base64 data at input byte ${illegal}`, typeName)
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/** Where Go's decoder stops, or -1. */
function illegalAt(text: string): number {
  let inQuantum = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 128 && IS_DIGIT[code] === 1) inQuantum = (inQuantum + 1) & 3
    else if (code === PAD) return illegalPaddingAt(text, at, inQuantum)
    else if (!isNewline(code)) return at
  }
  return inQuantum === 0 ? -1 : text.length - inQuantum
}

function illegalPaddingAt(text: string, first: number, inQuantum: number): number {
  if (inQuantum < 2) return first
  let at = first + 1
  if (inQuantum === 2) {
    at = skipNewlines(text, at)
    if (at === text.length) return at
    if (text.charCodeAt(at) !== PAD) return at - 1
    at += 1
  }
  at = skipNewlines(text, at)
  return at === text.length ? -1 : at
}

function skipNewlines(text: string, start: number): number {
  let at = start
  while (at < text.length && isNewline(text.charCodeAt(at))) at += 1
  return at
}

/** Padded standard base64. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
