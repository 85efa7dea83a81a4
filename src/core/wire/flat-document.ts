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
 * Reads the members of a document of a store. `readMember` gets one of `names`, in whatever case the key was written, and
 * reads the value. Other members, and those that are null, are passed over; of a repeated key the last one counts.
 */
export function readMembers<Name extends string>(
  document: string | Uint8Array,
  goType: string,
  names: readonly Name[],
  readMember: (cursor: JsonCursor, name: Name) => void,
): void {
  const cursor = jsonCursor(typeof document === 'string' ? document : textOfBytes(document), NO_LIMITS)
  if (skipSpace(cursor) !== OPEN_BRACE) throw wrongKind(cursor, 'value', goType)
  let more = openContainer(cursor, CLOSE_BRACE)
  while (more) {
    const name = nameOf(readKey(cursor), names)
    if (name === undefined) skipValue(cursor)
    else if (!skipNull(cursor)) readMember(cursor, name)
    more = nextMember(cursor, CLOSE_BRACE)
  }
  expectEnd(cursor)
}

function nameOf<Name extends string>(key: string, names: readonly Name[]): Name | undefined {
  const exact = names.indexOf(key as Name)
  if (exact >= 0) return names[exact]
  const folded = foldCase(key)
  return names.find((name) => foldCase(name) === folded)
}
