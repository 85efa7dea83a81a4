import { MachineryError } from '../errors.ts'
import type { JsonText } from '../message.ts'
import { wellFormed } from './well-formed.ts'

/** Above this length the engine's own stringify is faster than looking at each character. */
const SHORT = 100

/** A string as JSON text. Lone surrogates become U+FFFD, as in Go. */
export function quote(value: string): JsonText {
  const { length } = value
  if (length > SHORT) return JSON.stringify(wellFormed(value))
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index)
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code & 0xf800) === 0xd800) {
      return JSON.stringify(wellFormed(value))
    }
  }
  return `"${value}"`
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** JSON text with the characters escaped that Go's encoder escapes for HTML; they occur in strings only. */
export function escapeHtml(text: JsonText): JsonText {
  return text.replace(/[<>&\u2028\u2029]/g, (char) => HTML_ESCAPES[char] ?? char)
}

/**
 * An integer as JSON text.
 * @throws `ERR_ENCODE` naming the field unless a number holds it exactly.
 */
export function integerText(value: number, field: string): JsonText {
  if (Number.isSafeInteger(value)) return String(value)
  throw new MachineryError('ERR_ENCODE', `${field} is ${String(value)}; it must be a safe integer`, {
    details: { field, value },
  })
}
