import { decodeError, excerpt, unexpectedAt } from './decode-error.ts'
import { limitExceeded, type WireLimits } from './limits.ts'
import { wellFormed } from './well-formed.ts'

// One pass over the text, without building values: positions move, spans stay text. The functions share a cursor
// instead of closures, so that each of them is compiled once.

/** A position in a JSON text. */
export interface JsonCursor {
  readonly text: string
  readonly limits: WireLimits
  at: number
  /** Containers that are open. */
  depth: number
  /** Nested signatures seen. */
  signatures: number
  /** The key that was read last and is none of the known ones. */
  key: string
}

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
const BACKSLASH = 0x5c
const MINUS = 0x2d
const DOT = 0x2e
const LETTER_E = 0x65
const ZERO = 0x30
const NINE = 0x39

const BEGIN_VALUE = 'looking for beginning of value'
const BEGIN_KEY = 'looking for beginning of object key string'

/** A cursor at the start of `text`. */
export function jsonCursor(text: string, limits: WireLimits): JsonCursor {
  return { text, limits, at: 0, depth: 0, signatures: 0, key: '' }
}

/** The code unit at the cursor, or 0 behind the end. */
export function peek(cursor: JsonCursor): number {
  return cursor.at < cursor.text.length ? cursor.text.charCodeAt(cursor.at) : 0
}

/** Moves past white space and answers the code unit there, or 0 behind the end. */
export function skipSpace(cursor: JsonCursor): number {
  const { text } = cursor
  const end = text.length
  let { at } = cursor
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code > 0x20 || (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09)) {
      cursor.at = at
      return code
    }
    at += 1
  }
  cursor.at = at
  return 0
}

/** Moves into the container that opens at the cursor; answers whether it has members. */
export function openContainer(cursor: JsonCursor, closer: number): boolean {
  enter(cursor)
  if (skipSpace(cursor) !== closer) return true
  cursor.at += 1
  cursor.depth -= 1
  return false
}

function enter(cursor: JsonCursor): void {
  cursor.at += 1
  cursor.depth += 1
  if (cursor.depth > cursor.limits.maxDepth) {
    throw limitExceeded('maxDepth', cursor.depth, cursor.limits.maxDepth)
  }
}

/** Moves past what follows a member: answers true after a comma, false after the end of the container. */
export function nextMember(cursor: JsonCursor, closer: number): boolean {
  const code = skipSpace(cursor)
  if (code === COMMA) {
    cursor.at += 1
    skipSpace(cursor)
    return true
  }
  if (code === closer) {
    cursor.at += 1
    cursor.depth -= 1
    return false
  }
  const context = closer === CLOSE_BRACE ? 'after object key:value pair' : 'after array element'
  throw unexpectedAt(cursor.text, cursor.at, context)
}

/** Moves past the colon behind a key, to the value. */
export function skipColon(cursor: JsonCursor): void {
  if (skipSpace(cursor) !== COLON) throw unexpectedAt(cursor.text, cursor.at, 'after object key')
  cursor.at += 1
  skipSpace(cursor)
}

/** Moves past the string at the cursor; answers whether it contains escapes. */
export function skipString(cursor: JsonCursor): boolean {
  const { text } = cursor
  const end = text.length
  let at = cursor.at + 1
  let escaped = false
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      cursor.at = at + 1
      return escaped
    }
    if (code === BACKSLASH) {
      at = skipEscape(text, at)
      escaped = true
    } else if (code < 0x20) {
      throw unexpectedAt(text, at, 'in string literal')
    } else {
      at += 1
    }
  }
  throw unexpectedAt(text, end, 'in string literal')
}

function skipEscape(text: string, at: number): number {
  const code = text.charAt(at + 1)
  if (code !== 'u') {
    if (code === '' || !'"\\/bfnrt'.includes(code)) throw unexpectedAt(text, at + 1, 'in string escape code')
    return at + 2
  }
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    if (digit >= text.length || !isHexDigit(text.charCodeAt(digit))) {
      throw unexpectedAt(text, digit, 'in \\u hexadecimal character escape')
    }
  }
  return at + 6
}

function isHexDigit(code: number): boolean {
  return (code >= ZERO && code <= NINE) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)
}

/** The string at the cursor. Escaped lone surrogates become U+FFFD, as in Go. The caller has seen the quote. */
export function readString(cursor: JsonCursor): string {
  const start = cursor.at
  const escaped = skipString(cursor)
  if (!escaped) return cursor.text.slice(start + 1, cursor.at - 1)
  return wellFormed(JSON.parse(cursor.text.slice(start, cursor.at)) as string)
}

/** Moves past the key and its colon; answers the key. */
export function readKey(cursor: JsonCursor): string {
  expectKey(cursor)
  const key = readString(cursor)
  skipColon(cursor)
  return key
}

/** @throws `ERR_DECODE` unless a string begins at the cursor. */
export function expectKey(cursor: JsonCursor): void {
  if (peek(cursor) !== QUOTE) throw unexpectedAt(cursor.text, cursor.at, BEGIN_KEY)
}

/** Moves past the digits at `at`, of which there must be one at least. */
function skipDigits(text: string, at: number): number {
  let next = at
  while (next < text.length) {
    const code = text.charCodeAt(next)
    if (code < ZERO || code > NINE) break
    next += 1
  }
  if (next === at) throw unexpectedAt(text, at, 'in numeric literal')
  return next
}

function skipFraction(text: string, start: number): number {
  const at = text.charCodeAt(start) === DOT ? skipDigits(text, start + 1) : start
  if (at >= text.length || (text.charCodeAt(at) | 0x20) !== LETTER_E) return at
  const sign = text.charAt(at + 1)
  return skipDigits(text, sign === '+' || sign === '-' ? at + 2 : at + 1)
}

/** Moves past the number at the cursor. */
export function skipNumber(cursor: JsonCursor): void {
  const { text } = cursor
  const start = cursor.at
  let at = text.charCodeAt(start) === MINUS ? start + 1 : start
  at = at < text.length && text.charCodeAt(at) === ZERO ? at + 1 : skipDigits(text, at)
  const next = at < text.length ? text.charCodeAt(at) : 0
  if (next === DOT || (next | 0x20) === LETTER_E) at = skipFraction(text, at)
  if (at - start > cursor.limits.maxNumberLength) {
    throw limitExceeded('maxNumberLength', at - start, cursor.limits.maxNumberLength)
  }
  cursor.at = at
}

/** Moves past `word` (true, false or null), of which the first letter was seen. */
export function skipWord(cursor: JsonCursor, word: string): void {
  const { text, at } = cursor
  if (!text.startsWith(word, at)) {
    let wrong = 1
    while (text.charAt(at + wrong) === word.charAt(wrong)) wrong += 1
    throw unexpectedAt(text, at + wrong, `in literal ${word} (expecting '${word.charAt(wrong)}')`)
  }
  cursor.at = at + word.length
}

/** Moves past `null` if it stands at the cursor, and answers whether it did. */
export function skipNull(cursor: JsonCursor): boolean {
  if (peek(cursor) !== 0x6e) return false
  skipWord(cursor, 'null')
  return true
}

/** Moves past any value, however deep, without recursion. */
export function skipValue(cursor: JsonCursor): void {
  const code = peek(cursor)
  if (code === OPEN_BRACE || code === OPEN_BRACKET) skipContainer(cursor)
  else skipScalar(cursor, code)
}

/** The text of the value at the cursor. */
export function readRaw(cursor: JsonCursor): string {
  const start = cursor.at
  skipValue(cursor)
  return cursor.text.slice(start, cursor.at)
}

function skipScalar(cursor: JsonCursor, code: number): void {
  if (code === QUOTE) skipString(cursor)
  else if (code === MINUS || (code >= ZERO && code <= NINE)) skipNumber(cursor)
  else if (code === 0x74) skipWord(cursor, 'true')
  else if (code === 0x66) skipWord(cursor, 'false')
  else if (code === 0x6e) skipWord(cursor, 'null')
  else throw unexpectedAt(cursor.text, cursor.at, BEGIN_VALUE)
}

function skipContainer(cursor: JsonCursor): void {
  const closers: number[] = []
  for (;;) {
    const code = peek(cursor)
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      const closer = code === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET
      if (openContainer(cursor, closer)) {
        closers.push(closer)
        if (closer === CLOSE_BRACE) skipKey(cursor)
        continue
      }
    } else {
      skipScalar(cursor, code)
    }
    if (!closeContainers(cursor, closers)) return
  }
}

/** Closes what ends at the cursor; answers whether another member follows. */
function closeContainers(cursor: JsonCursor, closers: number[]): boolean {
  for (;;) {
    const closer = closers.at(-1)
    if (closer === undefined) return false
    if (nextMember(cursor, closer)) {
      if (closer === CLOSE_BRACE) skipKey(cursor)
      return true
    }
    closers.pop()
  }
}

function skipKey(cursor: JsonCursor): void {
  expectKey(cursor)
  skipString(cursor)
  skipColon(cursor)
}

/** @throws `ERR_DECODE` unless only white space is left. */
export function expectEnd(cursor: JsonCursor): void {
  skipSpace(cursor)
  if (cursor.at < cursor.text.length) throw unexpectedAt(cursor.text, cursor.at, 'after top-level value')
}

const POISONOUS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** @throws `ERR_DECODE` for keys that pollute prototypes when they are copied into an object. */
export function refusePoisonousKey(key: string, where: string, offset: number): void {
  if (POISONOUS.has(key)) throw decodeError(`key ${key} is not allowed in ${where}`, offset, 'another key')
}

/** The error for a key that occurs twice. */
export function duplicateKey(key: string, where: string, offset: number): Error {
  return decodeError(`duplicate key ${excerpt(key)} in ${where}`, offset, 'each key once')
}
