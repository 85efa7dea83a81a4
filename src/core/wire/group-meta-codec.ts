import type { JsonText } from '../message.ts'
import { ZERO_TIME } from '../rfc3339.ts'
import { wrongKind } from './decode-error.ts'
import { type FieldName, readBoolean, readInteger, readText, readTime } from './field-readers.ts'
import { readMembers } from './flat-document.ts'
import {
  CLOSE_BRACKET,
  type JsonCursor,
  nextMember,
  OPEN_BRACKET,
  openContainer,
  peek,
  skipNull,
} from './json-cursor.ts'
import { escapeHtml, integerText, quote } from './json-text.ts'

/** The stored description of a group, as Go has it. */
export interface GroupMeta {
  readonly groupUuid: string
  /** In order; callback arguments follow it. */
  readonly taskUuids: readonly string[]
  readonly chordTriggered: boolean
  readonly lock: boolean
  /** RFC 3339 UTC; empty when unknown. */
  readonly createdAt: string
  /** Epoch seconds; only some stores use it, otherwise 0. */
  readonly ttl: number
}

/**
 * A group as Go's GroupMeta document, byte for byte (go-core 3.1).
 * @throws `ERR_ENCODE` when `ttl` is no safe integer.
 */
export function encodeGroupMeta(meta: GroupMeta): JsonText {
  return escapeHtml(
    `{"GroupUUID":${quote(meta.groupUuid)},"TaskUUIDs":[${meta.taskUuids.map(quote).join(',')}]` +
      `,"ChordTriggered":${meta.chordTriggered},"Lock":${meta.lock}` +
      `,"CreatedAt":${quote(meta.createdAt || ZERO_TIME)},"TTL":${integerText(meta.ttl, 'TTL')}}`,
  )
}

const field = (name: string, goType: string): FieldName => ({ name, goType, struct: 'GroupMeta' })
const GROUP_UUID = field('GroupUUID', 'string')
const TASK_UUIDS = field('TaskUUIDs', '[]string')
const CHORD_TRIGGERED = field('ChordTriggered', 'bool')
const LOCK = field('Lock', 'bool')
const CREATED_AT = field('CreatedAt', 'time.Time')
const TTL = field('TTL', 'int64')

type Draft = { -readonly [K in keyof GroupMeta]: GroupMeta[K] }

/**
 * Reads a GroupMeta document: keys in any case, unknown keys ignored, `null` as not set.
 * @throws `ERR_DECODE` when it is no such document.
 */
export function decodeGroupMeta(document: string | Uint8Array): GroupMeta {
  const draft: Draft = {
    groupUuid: '',
    taskUuids: [],
    chordTriggered: false,
    lock: false,
    createdAt: '',
    ttl: 0,
  }
  readMembers(document, 'tasks.GroupMeta', NAMES, (cursor, name) => readField(cursor, name, draft))
  return draft
}

const NAMES = ['GroupUUID', 'TaskUUIDs', 'ChordTriggered', 'Lock', 'CreatedAt', 'TTL'] as const

function readField(cursor: JsonCursor, name: (typeof NAMES)[number], draft: Draft): void {
  switch (name) {
    case 'GroupUUID':
      draft.groupUuid = readText(cursor, GROUP_UUID)
      break
    case 'TaskUUIDs':
      draft.taskUuids = readTexts(cursor)
      break
    case 'ChordTriggered':
      draft.chordTriggered = readBoolean(cursor, CHORD_TRIGGERED)
      break
    case 'Lock':
      draft.lock = readBoolean(cursor, LOCK)
      break
    case 'CreatedAt':
      draft.createdAt = readCreatedAt(cursor)
      break
    case 'TTL':
      draft.ttl = readInteger(cursor, TTL)
      break
  }
}

function readCreatedAt(cursor: JsonCursor): string {
  const text = readTime(cursor, CREATED_AT)
  return text === ZERO_TIME ? '' : text
}

function readTexts(cursor: JsonCursor): readonly string[] {
  if (peek(cursor) !== OPEN_BRACKET) throw wrongKind(cursor, 'struct field GroupMeta.TaskUUIDs', '[]string')
  const texts: string[] = []
  let more = openContainer(cursor, CLOSE_BRACKET)
  while (more) {
    texts.push(skipNull(cursor) ? '' : readText(cursor, TASK_UUIDS))
    more = nextMember(cursor, CLOSE_BRACKET)
  }
  return texts
}
