import { MachineryError } from '../errors.ts'
import type { JsonCursor } from './json-cursor.ts'

const LONGEST_EXCERPT = 100

/** At most 100 characters of foreign text, so that an error never carries a whole body. */
export function excerpt(text: string): string {
  return text.length <= LONGEST_EXCERPT ? text : `${text.slice(0, LONGEST_EXCERPT)}…`
}

/** An `ERR_DECODE` at an offset (UTF-16 units into the text). */
export function decodeError(message: string, offset: number, expected: string): MachineryError {
  return new MachineryError('ERR_DECODE', message, { details: { offset, expected } })
}

/** The error for the character at `at`, in the words of Go's encoding/json. */
export function unexpectedAt(text: string, at: number, context: string): MachineryError {
  if (at >= text.length) return decodeError('unexpected end of JSON input', text.length, context)
  const shown = at === 0 && text.charCodeAt(0) === 0xfeff ? 'byte order mark' : quoted(text, at)
  return decodeError(`invalid character ${shown} ${context} at offset ${at}`, at, context)
}

function quoted(text: string, at: number): string {
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (char === "'") return "'\\''"
  return `'${char < ' ' ? JSON.stringify(char).slice(1, -1) : char}'`
}

const LITERAL_KINDS: Readonly<Record<string, string>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'bool',
  f: 'bool',
}

/** The kind of the JSON value that begins at the cursor, as Go names it in its errors. */
function kindAt(cursor: JsonCursor): string {
  return LITERAL_KINDS[cursor.text.charAt(cursor.at)] ?? 'number'
}

/** The error for a value of the wrong JSON kind at the cursor. `literal` is shown for numbers that do not fit. */
export function wrongKind(cursor: JsonCursor, path: string, goType: string, literal = ''): MachineryError {
  const { text, at } = cursor
  const char = text.charAt(at)
  if (!/[[{"tf0-9-]/.test(char)) return unexpectedAt(text, at, 'looking for beginning of value')
  const found = literal === '' ? kindAt(cursor) : `number ${excerpt(literal)}`
  return decodeError(`json: cannot unmarshal ${found} into Go ${path} of type ${goType}`, at, goType)
}
