import { isTerminal, type TaskState } from '../../core/task-state.ts'
import { decodeState, encodeState } from '../../core/wire/state-codec.ts'

/** A state, and what protocol W1 keeps beside it until the task ends. */
export interface TaskRecord {
  readonly state: TaskState
  /** Of whoever began last; empty when nobody did. */
  readonly token: string
  readonly begins: number
  /** Bytes of the next attempt in base64, by the digest of the attempt that decided on it. */
  readonly intents: Readonly<Record<string, string>>
}

interface Companion {
  readonly token?: unknown
  readonly begins?: unknown
  readonly intents?: unknown
}

/** Go's document with one member more, which Go ignores. */
export function encodeRecord({ state, token, begins, intents }: TaskRecord): Buffer {
  const text = encodeState(state, 'full')
  const isPlain = token === '' && begins === 0 && Object.keys(intents).length === 0
  const companion = isPlain ? '' : `,"Mq":${JSON.stringify({ token, begins, intents })}`
  return Buffer.from(`${text.slice(0, -1)}${companion}}`)
}

/** What Go wrote has no companion. @throws `ERR_DECODE` */
export function decodeRecord(body: Buffer): TaskRecord {
  const state = decodeState(body)
  if (isTerminal(state.state)) return { state, token: '', begins: 0, intents: {} }
  const { Mq: companion } = JSON.parse(body.toString()) as { readonly Mq?: Companion }
  return {
    state,
    token: typeof companion?.token === 'string' ? companion.token : '',
    begins: typeof companion?.begins === 'number' ? companion.begins : 0,
    intents: (companion?.intents ?? {}) as Readonly<Record<string, string>>,
  }
}
