import type { JsonText } from '../message.ts'
import { wrongKind } from './decode-error.ts'
import {
  CLOSE_BRACKET,
  expectEnd,
  jsonCursor,
  nextMember,
  OPEN_BRACKET,
  openContainer,
  readRaw,
  skipSpace,
} from './json-cursor.ts'
import type { WireLimits } from './limits.ts'

/** For text that passed the limits of a message already, or comes from our own store. */
export const NO_LIMITS: WireLimits = {
  maxBytes: Number.POSITIVE_INFINITY,
  maxDepth: Number.POSITIVE_INFINITY,
  maxSignatureDepth: 1,
  maxSignatures: 0,
  maxArgs: Number.POSITIVE_INFINITY,
  maxHeaders: Number.POSITIVE_INFINITY,
  maxNumberLength: Number.POSITIVE_INFINITY,
}

/**
 * The texts of the elements of a JSON array, each exactly as it stands there.
 * @throws `ERR_DECODE` when the text is no valid JSON array.
 */
export function splitArray(text: JsonText): JsonText[] {
  const cursor = jsonCursor(text, NO_LIMITS)
  if (skipSpace(cursor) !== OPEN_BRACKET) throw wrongKind(cursor, 'value', 'array')
  const elements: JsonText[] = []
  let more = openContainer(cursor, CLOSE_BRACKET)
  while (more) {
    elements.push(readRaw(cursor))
    more = nextMember(cursor, CLOSE_BRACKET)
  }
  expectEnd(cursor)
  return elements
}
