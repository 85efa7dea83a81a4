import type { Arg, JsonText } from '../message.ts'
import { expectStart, type FieldName, readText } from './field-readers.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  duplicateKey,
  expectKey,
  type JsonCursor,
  nextMember,
  OPEN_BRACE,
  OPEN_BRACKET,
  openContainer,
  readKey,
  readRaw,
  refusePoisonousKey,
  skipColon,
  skipNull,
  skipValue,
} from './json-cursor.ts'
import { limitExceeded } from './limits.ts'
import { foldCase } from './wire-fields.ts'

const ARG_NAME: FieldName = { name: 'Args.Name', goType: 'string' }
const ARG_TYPE: FieldName = { name: 'Args.Type', goType: 'string' }

const UNKNOWN = 0
const NAME = 1
const TYPE = 2
const VALUE = 4

/** A null argument is one without a type: it fails later, when the arguments are converted. */
const NULL_ARG: Arg = { name: '', type: '', value: 'null' }

/** The value of `Args`. */
export function readArgs(cursor: JsonCursor, field: FieldName): readonly Arg[] {
  expectStart(cursor, OPEN_BRACKET, field)
  const { maxArgs } = cursor.limits
  const args: Arg[] = []
  let more = openContainer(cursor, CLOSE_BRACKET)
  while (more) {
    if (args.length >= maxArgs) throw limitExceeded('maxArgs', args.length + 1, maxArgs)
    args.push(skipNull(cursor) ? NULL_ARG : readArg(cursor, field))
    more = nextMember(cursor, CLOSE_BRACKET)
  }
  return args
}

function readArg(cursor: JsonCursor, field: FieldName): Arg {
  expectStart(cursor, OPEN_BRACE, field)
  let name = ''
  let type = ''
  let value = 'null'
  let seen = 0
  let more = openContainer(cursor, CLOSE_BRACE)
  while (more) {
    const keyAt = cursor.at
    const key = readArgKey(cursor)
    if ((seen & key) !== 0) throw duplicateKey(cursor.key, 'an argument', keyAt)
    seen |= key
    if (key === VALUE) value = readRaw(cursor)
    else if (key === UNKNOWN) skipValue(cursor)
    else if (!skipNull(cursor)) {
      if (key === TYPE) type = readText(cursor, ARG_TYPE)
      else name = readText(cursor, ARG_NAME)
    }
    more = nextMember(cursor, CLOSE_BRACE)
  }
  return { name, type, value }
}

function readArgKey(cursor: JsonCursor): number {
  if (skipExactKey(cursor, '"Type"')) return TYPE
  if (skipExactKey(cursor, '"Value"')) return VALUE
  if (skipExactKey(cursor, '"Name"')) return NAME
  expectKey(cursor)
  cursor.key = readKey(cursor)
  return argKey(foldCase(cursor.key))
}

function skipExactKey(cursor: JsonCursor, quoted: string): boolean {
  if (!cursor.text.startsWith(quoted, cursor.at)) return false
  cursor.at += quoted.length
  cursor.key = quoted
  skipColon(cursor)
  return true
}

function argKey(key: string): number {
  switch (key) {
    case 'name':
      return NAME
    case 'type':
      return TYPE
    case 'value':
      return VALUE
    default:
      return UNKNOWN
  }
}

/** The value of `Headers`; the texts of its values are kept as they are. */
export function readHeaders(cursor: JsonCursor, field: FieldName): ReadonlyMap<string, JsonText> {
  expectStart(cursor, OPEN_BRACE, field)
  const { maxHeaders } = cursor.limits
  const headers = new Map<string, JsonText>()
  let more = openContainer(cursor, CLOSE_BRACE)
  while (more) {
    const keyAt = cursor.at
    const key = readKey(cursor)
    refusePoisonousKey(key, 'headers', keyAt)
    if (headers.has(key)) throw duplicateKey(key, 'headers', keyAt)
    if (headers.size >= maxHeaders) throw limitExceeded('maxHeaders', headers.size + 1, maxHeaders)
    headers.set(key, readRaw(cursor))
    more = nextMember(cursor, CLOSE_BRACE)
  }
  return headers
}
