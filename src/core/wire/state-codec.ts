import type { JsonText, TaskResult } from '../message.ts'
import { ZERO_TIME } from '../rfc3339.ts'
import type { TaskState, TaskStateName } from '../task-state.ts'
import { decodeError, excerpt } from './decode-error.ts'
import { type FieldName, readInteger, readText, readTime } from './field-readers.ts'
import { readMembers } from './flat-document.ts'
import type { JsonCursor } from './json-cursor.ts'
import { escapeHtml, integerText, quote } from './json-text.ts'
import type { WireForm } from './message-codec.ts'
import { encodeResults, readResults } from './results-codec.ts'

export { decodeGroupMeta, encodeGroupMeta } from './group-meta-codec.ts'
export { decodeResults, encodeResults } from './results-codec.ts'

const STATE_NAMES: ReadonlySet<string> = new Set<TaskStateName>([
  'PENDING',
  'RECEIVED',
  'STARTED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
])

/**
 * A state as Go's TaskState document (go-core 3.1). `compact` writes only what is set; every other form writes all of
 * Go's fields, and the two dialects' forms escape strings as Go does. `RetryAt` (epoch milliseconds), which Go does not
 * know, is written only when it is set.
 * @throws `ERR_ENCODE` when `ttl` or `retryAt` is no safe integer.
 */
export function encodeState(state: TaskState, form: WireForm = 'compact'): JsonText {
  if (form === 'compact') return compactState(state)
  const text = fullState(state)
  return form === 'full' ? text : escapeHtml(text)
}

function compactState(state: TaskState): JsonText {
  let text = `{"TaskUUID":${quote(state.uuid)}`
  if (state.taskName !== '') text += `,"TaskName":${quote(state.taskName)}`
  text += `,"State":"${state.state}"`
  if (state.results.length > 0) text += `,"Results":${encodeResults(state.results)}`
  if (state.error !== '') text += `,"Error":${quote(state.error)}`
  if (state.createdAt !== '') text += `,"CreatedAt":${quote(state.createdAt)}`
  if (state.ttl !== 0) text += `,"TTL":${integerText(state.ttl, 'TTL')}`
  return `${text}${retryAtMember(state)}}`
}

function fullState(state: TaskState): JsonText {
  const hasResults = state.state === 'SUCCESS' || state.results.length > 0
  return (
    `{"TaskUUID":${quote(state.uuid)},"TaskName":${quote(state.taskName)},"State":"${state.state}"` +
    `,"Results":${hasResults ? encodeResults(state.results) : 'null'},"Error":${quote(state.error)}` +
    `,"CreatedAt":${quote(state.createdAt || ZERO_TIME)},"TTL":${integerText(state.ttl, 'TTL')}` +
    `${retryAtMember(state)}}`
  )
}

function retryAtMember({ retryAt }: TaskState): string {
  return retryAt === undefined ? '' : `,"RetryAt":${integerText(retryAt, 'RetryAt')}`
}

type Draft = { -readonly [K in keyof TaskState]: TaskState[K] }

const field = (name: string, goType: string): FieldName => ({ name, goType, struct: 'TaskState' })
const TASK_UUID = field('TaskUUID', 'string')
const TASK_NAME = field('TaskName', 'string')
const STATE = field('State', 'string')
const ERROR = field('Error', 'string')
const CREATED_AT = field('CreatedAt', 'time.Time')
const TTL = field('TTL', 'int64')
const RETRY_AT = field('RetryAt', 'int64')

/**
 * Reads a TaskState document of any writer: keys in any case, unknown keys ignored, `null` as not set, the zero time as
 * unknown. Texts of results stay as they are.
 * @throws `ERR_DECODE` when it is no such document, or the name of the state is unknown.
 */
export function decodeState(document: string | Uint8Array): TaskState {
  const draft: Draft = {
    uuid: '',
    taskName: '',
    state: 'PENDING',
    results: NO_RESULTS,
    error: '',
    createdAt: '',
    ttl: 0,
    retryAt: undefined,
  }
  let hasState = false
  readMembers(document, 'tasks.TaskState', NAMES, (cursor, name) => {
    hasState ||= name === 'State'
    readField(cursor, name, draft)
  })
  if (!hasState) throw unknownState('', 0)
  return draft
}

const NO_RESULTS: readonly TaskResult[] = Object.freeze([])

const NAMES = ['TaskUUID', 'TaskName', 'State', 'Results', 'Error', 'CreatedAt', 'TTL', 'RetryAt'] as const

function readField(cursor: JsonCursor, name: (typeof NAMES)[number], draft: Draft): void {
  switch (name) {
    case 'TaskUUID':
      draft.uuid = readText(cursor, TASK_UUID)
      break
    case 'TaskName':
      draft.taskName = readText(cursor, TASK_NAME)
      break
    case 'State':
      draft.state = readState(cursor)
      break
    case 'Results':
      draft.results = readResults(cursor)
      break
    case 'Error':
      draft.error = readText(cursor, ERROR)
      break
    case 'CreatedAt':
      draft.createdAt = readCreatedAt(cursor)
      break
    case 'TTL':
      draft.ttl = readInteger(cursor, TTL)
      break
    case 'RetryAt':
      draft.retryAt = readInteger(cursor, RETRY_AT)
      break
  }
}

function readCreatedAt(cursor: JsonCursor): string {
  const text = readTime(cursor, CREATED_AT)
  return text === ZERO_TIME ? '' : text
}

function readState(cursor: JsonCursor): TaskStateName {
  const start = cursor.at
  const name = readText(cursor, STATE)
  if (!STATE_NAMES.has(name)) throw unknownState(name, start)
  return name as TaskStateName
}

function unknownState(name: string, offset: number): Error {
  const expected = [...STATE_NAMES].join(', ')
  return decodeError(
    `State ${JSON.stringify(excerpt(name))} is unknown; it must be one of ${expected}`,
    offset,
    expected,
  )
}
