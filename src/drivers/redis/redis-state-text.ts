import { escapeHtml, quote } from '../../core/wire/json-text.ts'
import type { WireForm } from '../../core/wire/message-codec.ts'
import { decodeState, encodeResults, encodeState } from '../../core/wire/state-codec.ts'
import type { TaskResult } from '../../core/message.ts'
import type { TaskState, TaskStateName } from '../../core/task-state.ts'
import { ZERO_TIME } from '../../core/rfc3339.ts'
import type { RedisArgument } from './redis-client.ts'
import { taskKeys } from './redis-keys.ts'

/** A state that is not terminal is kept at least this long, whatever its writer asks for. */
export const UNFINISHED_KEPT_MS = 86_400_000

/** How states are written: only what is set, all fields, or exactly the bytes of Go, whose dialects do not differ in them. */
export type StateForm = WireForm

// Name and time of the stored document are carried over on the server. So the new document goes there in pieces, with gaps
// where these two belong.

/** What JSON writes as it is. */
const PLAIN = /^[\w.:-]*$/

/** The part of a state that a write brings along. */
export type NewState = Pick<TaskState, 'uuid' | 'taskName' | 'state'> &
  Partial<Pick<TaskState, 'results' | 'error' | 'retryAt'>> & { readonly expiresInMs: number }

/** Arguments with which each script on states begins: name and time where neither is known. */
export function stateDefaults(form: StateForm): readonly string[] {
  return form === 'compact' ? ['', ''] : ['""', JSON.stringify(ZERO_TIME)]
}

/** A write, as the scripts put it together. */
export interface StatePieces {
  readonly ttl: string
  /** Empty where the server can tell it from the key. */
  readonly head: string
  readonly name: string
  readonly middle: string
  readonly tail: string
}

/** The pieces of a write. */
export function statePieces(write: NewState, form: StateForm): StatePieces {
  const { uuid, taskName, state } = write
  const isDone = state === 'SUCCESS' || state === 'FAILURE'
  const keptMs = isDone ? write.expiresInMs : Math.max(write.expiresInMs, UNFINISHED_KEPT_MS)
  const [middle, tail] = form === 'compact' ? compactPieces(write) : fullPieces(write, form)
  return {
    ttl: String(Math.max(Math.ceil(keptMs), 1)),
    head: PLAIN.test(uuid) ? '' : `{"TaskUUID":${quote(uuid)}`,
    name: taskName === '' ? '' : nameText(taskName, form),
    middle,
    tail,
  }
}

/** Adds keys and arguments of one write, as `read_write` of `task-state.lua` reads them. */
export function addWrite(
  keys: string[],
  args: RedisArgument[],
  write: NewState & Pick<TaskState, 'createdAt'>,
  form: StateForm,
): void {
  const { ttl, head, name, middle, tail } = statePieces(write, form)
  const { uuid, createdAt } = write
  keys.push(...taskKeys(uuid))
  args.push(ttl, head, name, middle, createdAt === '' ? '' : quote(createdAt), tail)
}

const nameText = (name: string, form: StateForm): string =>
  form === 'full-upstream' || form === 'full-fork' ? escapeHtml(quote(name)) : quote(name)

type Pieces = readonly [betweenNameAndTime: string, afterTime: string]

function compactPieces({ state, results = [], error = '', retryAt }: NewState): Pieces {
  let middle = `,"State":"${state}"`
  if (results.length > 0) middle += `,"Results":${encodeResults(results)}`
  if (error !== '') middle += `,"Error":${quote(error)}`
  return [middle, retryAt === undefined ? '}' : `,"RetryAt":${retryAt}}`]
}

/** Cut out of a whole document. Its last part with this key is that of the time, whatever results and errors contain. */
function fullPieces({ state, results = [], error = '', retryAt }: NewState, form: StateForm): Pieces {
  const fields = { uuid: '', taskName: '', createdAt: '', ttl: 0 }
  const text = encodeState({ ...fields, state, results, error, retryAt }, form)
  const timeAt = text.lastIndexOf(FULL_TIME)
  return [text.slice(FULL_HEAD.length, timeAt), text.slice(timeAt + FULL_TIME.length)]
}

const FULL_HEAD = '{"TaskUUID":"","TaskName":""'
const FULL_TIME = `,"CreatedAt":"${ZERO_TIME}"`

/** The state in a stored text; the UUID is that of its key. Undefined when it cannot be read: the next write replaces it. */
export function readState(uuid: string, text: Buffer | string): TaskState | undefined {
  try {
    const document = String(text)
    return readUnfinished(uuid, document) ?? { ...decodeState(document), uuid }
  } catch {
    return undefined
  }
}

const UNFINISHED: ReadonlySet<string> = new Set<TaskStateName>(['PENDING', 'STARTED'])
const STATE = '","State":"'
const TIME = '","CreatedAt":"'

/** What most reads find, without a parser: a state of our own before its end, in the compact form. */
function readUnfinished(uuid: string, text: string): TaskState | undefined {
  const head = `{"TaskUUID":"${uuid}","TaskName":"`
  if (!text.startsWith(head)) return undefined
  const nameEnd = text.indexOf('"', head.length)
  const stateEnd = text.indexOf('"', nameEnd + STATE.length)
  const timeEnd = text.length - '"}'.length
  if (!text.startsWith(STATE, nameEnd) || !text.startsWith(TIME, stateEnd)) return undefined
  const taskName = text.slice(head.length, nameEnd)
  const state = text.slice(nameEnd + STATE.length, stateEnd)
  const createdAt = text.slice(stateEnd + TIME.length, timeEnd)
  if (!PLAIN.test(taskName) || !PLAIN.test(createdAt) || !text.endsWith('"}')) return undefined
  if (!UNFINISHED.has(state)) return undefined
  return {
    uuid,
    taskName,
    state: state as TaskStateName,
    results: NO_RESULTS,
    error: '',
    createdAt: createdAt === ZERO_TIME ? '' : createdAt,
    ttl: 0,
    retryAt: undefined,
  }
}

const NO_RESULTS: readonly TaskResult[] = []

/** A terminal state that stands; one that cannot be read counts as a failure, since its end is known and nothing else. */
export function readFinalState(uuid: string, text: Buffer): TaskState {
  return readState(uuid, text) ?? { ...UNREADABLE, uuid }
}

const UNREADABLE: Omit<TaskState, 'uuid'> = {
  taskName: '',
  state: 'FAILURE',
  results: [],
  error: 'the stored state cannot be read',
  createdAt: '',
  ttl: 0,
  retryAt: undefined,
}
