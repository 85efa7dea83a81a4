import type { JsonText, TaskResult } from '../message.ts'
import { type FieldName, readText } from './field-readers.ts'
import { NO_LIMITS } from './json-array.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  expectEnd,
  type JsonCursor,
  jsonCursor,
  nextMember,
  OPEN_BRACE,
  OPEN_BRACKET,
  openContainer,
  peek,
  readKey,
  readRaw,
  skipNull,
  skipSpace,
  skipValue,
} from './json-cursor.ts'
import { quote } from './json-text.ts'
import { wrongKind } from './decode-error.ts'
import { foldCase } from './wire-fields.ts'

const TYPE: FieldName = { name: 'Results.Type', goType: 'string', struct: 'TaskState' }

/** Results as JSON text, `[]` when there are none (go-core 2.6). */
export function encodeResults(results: readonly TaskResult[]): JsonText {
  let text = '['
  for (const { type, value } of results) {
    text += `${text === '[' ? '' : ','}{"Type":${quote(type)},"Value":${value}}`
  }
  return `${text}]`
}

/**
 * Results from their JSON text; values keep theirs. `null` is no results.
 * @throws `ERR_DECODE` when the text is no list of results.
 */
export function decodeResults(text: JsonText): readonly TaskResult[] {
  const cursor = jsonCursor(text, NO_LIMITS)
  skipSpace(cursor)
  const results = skipNull(cursor) ? [] : readResults(cursor)
  expectEnd(cursor)
  return results
}

/** The list of results at the cursor. */
export function readResults(cursor: JsonCursor): readonly TaskResult[] {
  if (peek(cursor) !== OPEN_BRACKET) {
    throw wrongKind(cursor, 'struct field TaskState.Results', '[]*tasks.TaskResult')
  }
  const results: TaskResult[] = []
  let more = openContainer(cursor, CLOSE_BRACKET)
  while (more) {
    results.push(readResult(cursor))
    more = nextMember(cursor, CLOSE_BRACKET)
  }
  return results
}

function readResult(cursor: JsonCursor): TaskResult {
  if (peek(cursor) !== OPEN_BRACE)
    throw wrongKind(cursor, 'struct field TaskState.Results', 'tasks.TaskResult')
  let type = ''
  let value = 'null'
  let more = openContainer(cursor, CLOSE_BRACE)
  while (more) {
    const key = readKey(cursor)
    const name = key === 'Value' || key === 'Type' ? key : foldCase(key)
    if (name === 'Value' || name === 'value') value = readRaw(cursor)
    else if (name !== 'Type' && name !== 'type') skipValue(cursor)
    else if (!skipNull(cursor)) type = readText(cursor, TYPE)
    more = nextMember(cursor, CLOSE_BRACE)
  }
  return { type, value }
}
