import type { Message } from '../message.ts'
import { readArgs, readHeaders } from './arguments-decoder.ts'
import { decodeError, wrongKind } from './decode-error.ts'
import { readKeyText, readText } from './field-readers.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  duplicateKey,
  expectEnd,
  expectKey,
  type JsonCursor,
  jsonCursor,
  nextMember,
  OPEN_BRACE,
  OPEN_BRACKET,
  openContainer,
  peek,
  readKey,
  readRaw,
  refusePoisonousKey,
  skipColon,
  skipNull,
  skipSpace,
} from './json-cursor.ts'
import { limitExceeded, type WireLimits } from './limits.ts'
import { type Draft, readSmallField } from './small-fields-decoder.ts'
import { exactFieldAt, foldedField, UNKNOWN_FIELD, WIRE_FIELDS, type WireField } from './wire-fields.ts'

/** Reads one signature and refuses what follows it. */
export function readDocument(text: string, limits: WireLimits): Message {
  const cursor = jsonCursor(text, limits)
  if (skipSpace(cursor) !== OPEN_BRACE) throw wrongDocument(cursor)
  const message = readSignature(cursor, 1)
  expectEnd(cursor)
  return message
}

function wrongDocument(cursor: JsonCursor): Error {
  if (cursor.text.startsWith('null', cursor.at)) {
    return decodeError(
      'json: cannot unmarshal null into Go value of type tasks.Signature',
      cursor.at,
      'object',
    )
  }
  return wrongKind(cursor, 'value', 'tasks.Signature')
}

function emptyDraft(): Draft {
  return {
    uuid: '',
    name: '',
    routingKey: '',
    eta: '',
    delayNs: 0n,
    ingestionTime: '',
    firstReceived: '',
    receivedAt: '',
    groupUuid: '',
    groupTaskCount: 0,
    args: NO_ITEMS,
    headers: undefined,
    priority: 0,
    immutable: false,
    retryCount: 0,
    attemptCount: 0,
    retryTimeoutSeconds: 0,
    splitSpan: false,
    onSuccess: NO_ITEMS,
    onError: NO_ITEMS,
    chordCallback: undefined,
    brokerMessageGroupId: '',
    transport: undefined,
    noBackend: false,
    stopTaskDeletionOnError: false,
    ignoreWhenTaskNotRegistered: false,
    unknown: NO_ITEMS,
    source: undefined,
  }
}

const NO_ITEMS: readonly never[] = Object.freeze([])

function readSignature(cursor: JsonCursor, level: number): Message {
  const start = cursor.at
  const draft = emptyDraft()
  let seen = 0
  let unknownKeys: Set<string> | undefined
  let more = openContainer(cursor, CLOSE_BRACE)
  while (more) {
    const keyAt = cursor.at
    const number = readFieldKey(cursor)
    if (number === UNKNOWN_FIELD) {
      unknownKeys = readUnknown(cursor, draft, unknownKeys, keyAt)
    } else {
      const field = WIRE_FIELDS[number] as WireField
      if ((seen & (1 << number)) !== 0) throw duplicateKey(field.name, 'a signature', keyAt)
      seen |= 1 << number
      if (!skipNull(cursor)) readField(cursor, draft, field, level)
    }
    more = nextMember(cursor, CLOSE_BRACE)
  }
  draft.source = cursor.text.slice(start, cursor.at)
  return draft
}

/** Moves to the value and answers the number of the key's field; an unknown key is left in `cursor.key`. */
function readFieldKey(cursor: JsonCursor): number {
  expectKey(cursor)
  const exact = exactFieldAt(cursor.text, cursor.at + 1)
  if (exact === UNKNOWN_FIELD) {
    cursor.key = readKey(cursor)
    return foldedField(cursor.key)
  }
  cursor.at += (WIRE_FIELDS[exact] as WireField).name.length + 2
  skipColon(cursor)
  return exact
}

function readUnknown(
  cursor: JsonCursor,
  draft: Draft,
  earlier: Set<string> | undefined,
  keyAt: number,
): Set<string> {
  const { key } = cursor
  refusePoisonousKey(key, 'a signature', keyAt)
  const keys = earlier ?? new Set<string>()
  if (keys.has(key)) throw duplicateKey(key, 'a signature', keyAt)
  keys.add(key)
  const members = earlier === undefined ? [] : (draft.unknown as [string, string][])
  members.push([key, readRaw(cursor)])
  draft.unknown = members
  return keys
}

function readField(cursor: JsonCursor, draft: Draft, field: WireField, level: number): void {
  const { name } = field
  switch (name) {
    case 'UUID':
      draft.uuid = readKeyText(cursor, field)
      break
    case 'Name':
      draft.name = readText(cursor, field)
      break
    case 'RoutingKey':
      draft.routingKey = readText(cursor, field)
      break
    case 'Args':
      draft.args = readArgs(cursor, field)
      break
    case 'Headers':
      draft.headers = readHeaders(cursor, field)
      break
    case 'GroupUUID':
      draft.groupUuid = readKeyText(cursor, field)
      break
    case 'OnSuccess':
      draft.onSuccess = readSignatures(cursor, field, level)
      break
    case 'OnError':
      draft.onError = readSignatures(cursor, field, level)
      break
    case 'ChordCallback':
      draft.chordCallback = readNested(cursor, field, level)
      break
    case 'BrokerMessageGroupId':
      draft.brokerMessageGroupId = readText(cursor, field)
      break
    default:
      readSmallField(cursor, draft, field)
  }
}

function readSignatures(cursor: JsonCursor, field: WireField, level: number): readonly Message[] {
  if (peek(cursor) !== OPEN_BRACKET)
    throw wrongKind(cursor, `struct field Signature.${field.name}`, field.goType)
  const signatures: Message[] = []
  let more = openContainer(cursor, CLOSE_BRACKET)
  while (more) {
    signatures.push(readNested(cursor, field, level))
    more = nextMember(cursor, CLOSE_BRACKET)
  }
  return signatures
}

function readNested(cursor: JsonCursor, field: WireField, level: number): Message {
  if (peek(cursor) !== OPEN_BRACE) throw notASignature(cursor, field)
  const { maxSignatureDepth, maxSignatures } = cursor.limits
  cursor.signatures += 1
  if (cursor.signatures > maxSignatures)
    throw limitExceeded('maxSignatures', cursor.signatures, maxSignatures)
  if (level >= maxSignatureDepth) throw limitExceeded('maxSignatureDepth', level + 1, maxSignatureDepth)
  return readSignature(cursor, level + 1)
}

/** Go decodes a null here to a nil pointer, and its worker then crashes. */
function notASignature(cursor: JsonCursor, field: WireField): Error {
  if (!cursor.text.startsWith('null', cursor.at)) {
    return wrongKind(cursor, `struct field Signature.${field.name}`, 'tasks.Signature')
  }
  return decodeError(`null is not allowed in ${field.name}`, cursor.at, 'a signature')
}
