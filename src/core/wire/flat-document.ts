import { wrongKind } from './decode-error.ts'
import { NO_LIMITS } from './json-array.ts'
import {
  CLOSE_BRACE,
  expectEnd,
  type JsonCursor,
  jsonCursor,
  nextMember,
  OPEN_BRACE,
  openContainer,
  readKey,
  skipNull,
  skipSpace,
  skipValue,
} from './json-cursor.ts'
import { textOfBytes } from './utf8-text.ts'
import { foldCase } from './wire-fields.ts'

/**
 * Reads the members of a document of a store. `readMember` gets the key in lower case, reads the value and answers true,
 * or answers false to have it ignored. Members that are null are passed over; of a repeated key the last one counts.
 */
export function readMembers(
  document: string | Uint8Array,
  goType: string,
  readMember: (cursor: JsonCursor, key: string) => boolean,
): void {
  const cursor = jsonCursor(typeof document === 'string' ? document : textOfBytes(document), NO_LIMITS)
  if (skipSpace(cursor) !== OPEN_BRACE) throw wrongKind(cursor, 'value', goType)
  let more = openContainer(cursor, CLOSE_BRACE)
  while (more) {
    const key = foldCase(readKey(cursor))
    if (!skipNull(cursor) && !readMember(cursor, key)) skipValue(cursor)
    more = nextMember(cursor, CLOSE_BRACE)
  }
  expectEnd(cursor)
}
