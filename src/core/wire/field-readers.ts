import { parseRfc3339, ZERO_TIME } from '../rfc3339.ts'
import { decodeError, excerpt, unexpectedAt, wrongKind } from './decode-error.ts'
import {
  CLOSE_BRACE,
  COMMA,
  type JsonCursor,
  peek,
  QUOTE,
  readString,
  skipNumber,
  skipWord,
} from './json-cursor.ts'

/** What a reader needs to know of its field for its errors. */
export interface FieldName {
  readonly name: string
  readonly goType: string
  /** The Go struct; `Signature` when it is not given. */
  readonly struct?: string
}

const MINUS = 0x2d
const ZERO = 0x30
const LONGEST_KEY = 200

/** What a UUID may be, written with escapes too. */
const KEY_SHAPE = /^[\w.:-]{0,200}$/

/** Characters that a UUID may consist of: `[\w.:-]`. */
const KEY_CHARS = new Uint8Array(128)
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-') {
  KEY_CHARS[char.charCodeAt(0)] = 1
}

function pathOf(field: FieldName): string {
  return `struct field ${field.struct ?? 'Signature'}.${field.name}`
}

/** The error for a value at the cursor that is not of the field's type. */
export function wrongField(cursor: JsonCursor, field: FieldName, literal = ''): Error {
  return wrongKind(cursor, pathOf(field), field.goType, literal)
}

/** A string. */
export function readText(cursor: JsonCursor, field: FieldName): string {
  if (peek(cursor) !== QUOTE) throw wrongField(cursor, field)
  return readString(cursor)
}

/** A string that becomes a key of stores: empty, or 1…200 characters of `[\w.:-]`. */
export function readKeyText(cursor: JsonCursor, field: FieldName): string {
  if (peek(cursor) !== QUOTE) throw wrongField(cursor, field)
  const { text } = cursor
  const start = cursor.at + 1
  const end = Math.min(text.length, start + LONGEST_KEY + 1)
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      cursor.at = at + 1
      return text.slice(start, at)
    }
    if (code >= 128 || KEY_CHARS[code] === 0) break
  }
  const key = readString(cursor)
  if (KEY_SHAPE.test(key)) return key
  const rule = `up to ${LONGEST_KEY} characters of A-Z a-z 0-9 _ . : -`
  throw decodeError(`${field.name} ${JSON.stringify(excerpt(key))} must have ${rule}`, start - 1, rule)
}

/** A boolean. */
export function readBoolean(cursor: JsonCursor, field: FieldName): boolean {
  const letter = peek(cursor)
  if (letter === 0x74) {
    skipWord(cursor, 'true')
    return true
  }
  if (letter !== 0x66) throw wrongField(cursor, field)
  skipWord(cursor, 'false')
  return false
}

function readLiteral(cursor: JsonCursor, field: FieldName): string {
  const code = peek(cursor)
  if (code !== MINUS && !(code >= ZERO && code <= ZERO + 9)) throw wrongField(cursor, field)
  const start = cursor.at
  skipNumber(cursor)
  const literal = cursor.text.slice(start, cursor.at)
  if (/[.eE]/.test(literal)) {
    cursor.at = start
    throw wrongField(cursor, field, literal)
  }
  return literal
}

/** An integer from `least` to `most`; without a range, any integer that a number holds exactly. */
export function readInteger(
  cursor: JsonCursor,
  field: FieldName,
  least: number = Number.MIN_SAFE_INTEGER,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const digit = skipLoneDigit(cursor)
  if (digit >= 0) return digit
  const start = cursor.at
  const literal = readLiteral(cursor, field)
  const value = Number(literal)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value + 0
  cursor.at = start
  throw wrongField(cursor, field, literal)
}

/** Most counters are zero or small: answers the digit when it is the whole literal, else -1. */
function skipLoneDigit(cursor: JsonCursor): number {
  const { text, at } = cursor
  if (at + 1 >= text.length) return -1
  const next = text.charCodeAt(at + 1)
  if (next !== COMMA && next !== CLOSE_BRACE) return -1
  const digit = text.charCodeAt(at) - ZERO
  if (digit < 0 || digit > 9) return -1
  cursor.at = at + 1
  return digit
}

/** An integer of 64 bits. */
export function readInteger64(cursor: JsonCursor, field: FieldName): bigint {
  const digit = skipLoneDigit(cursor)
  if (digit >= 0) return digit === 0 ? 0n : BigInt(digit)
  const start = cursor.at
  const value = BigInt(readLiteral(cursor, field))
  if (BigInt.asIntN(64, value) === value) return value
  const literal = cursor.text.slice(start, cursor.at)
  cursor.at = start
  throw wrongField(cursor, field, literal)
}

/** The text of an RFC 3339 time. */
export function readTime(cursor: JsonCursor, field: FieldName): string {
  const start = cursor.at
  const text = readText(cursor, field)
  if (text === ZERO_TIME || parseRfc3339(text) !== undefined) return text
  const layout = '2006-01-02T15:04:05Z07:00'
  throw decodeError(
    `parsing time ${JSON.stringify(excerpt(text))} as "${layout}": cannot parse ${field.name}`,
    start,
    layout,
  )
}

/** @throws `ERR_DECODE` unless `code` stands at the cursor. */
export function expectStart(cursor: JsonCursor, code: number, field: FieldName): void {
  if (peek(cursor) === code) return
  if (cursor.at >= cursor.text.length)
    throw unexpectedAt(cursor.text, cursor.at, 'looking for beginning of value')
  throw wrongField(cursor, field)
}
