/** JSON text of one value, exactly as it came or as it goes: numbers keep their literal. */
export type JsonText = string

/** One positional argument on the wire. `type` is a Go type name (spec: go-core 2.1), `value` its JSON text. */
export interface Arg {
  readonly name: string
  readonly type: string
  readonly value: JsonText
}

/** One result of a task on the wire. */
export interface TaskResult {
  readonly type: string
  readonly value: JsonText
}

/** What a broker's consumer adds to a message; stripped from every re-publish. */
export interface TransportFields {
  readonly sqsReceiptHandle: string
  readonly sqsMessageId: string
  readonly azureMessageId: string
  readonly azurePopReceipt: string
  readonly azureMessageContent: string
}

/**
 * The envelope on the wire: what one signature becomes, in the union of both of Machinery's dialects (go-core 1.1).
 * Immutable: `withMessage()` makes a changed copy. Zero values mean "not set".
 */
export interface Message {
  /** Task id, also the key of its state. */
  readonly uuid: string
  readonly name: string
  /** Queue; empty means the default queue of whoever publishes. */
  readonly routingKey: string
  /** Absolute earliest execution, RFC 3339; empty when unset. Read by publishers only (dialect U). */
  readonly eta: string
  /** Relative delay in nanoseconds. Read by publishers only (dialect F). */
  readonly delayNs: bigint
  /** RFC 3339, set by some brokers; empty when unset. */
  readonly ingestionTime: string
  readonly firstReceived: string
  readonly receivedAt: string
  readonly groupUuid: string
  readonly groupTaskCount: number
  readonly args: readonly Arg[]
  /** Header values are JSON texts, so that foreign numbers survive. Undefined and empty differ only on the wire. */
  readonly headers: ReadonlyMap<string, JsonText> | undefined
  /** 0…255. */
  readonly priority: number
  readonly immutable: boolean
  /** Remaining automatic retries. */
  readonly retryCount: number
  /** 0-based number of this attempt (dialect F). */
  readonly attemptCount: number
  /** Last Fibonacci back-off, in seconds. */
  readonly retryTimeoutSeconds: number
  readonly splitSpan: boolean
  readonly onSuccess: readonly Message[]
  readonly onError: readonly Message[]
  readonly chordCallback: Message | undefined
  readonly brokerMessageGroupId: string
  readonly transport: TransportFields | undefined
  readonly noBackend: boolean
  readonly stopTaskDeletionOnError: boolean
  readonly ignoreWhenTaskNotRegistered: boolean
  /** Keys that neither dialect knows, with their JSON text; they survive a re-publish. */
  readonly unknown: readonly (readonly [key: string, value: JsonText])[]
  /** The JSON text it was decoded from; absent on messages made or changed here. */
  readonly source: JsonText | undefined
}

/** A message in which nothing is set. */
export const EMPTY_MESSAGE: Message = {
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
  args: [],
  headers: undefined,
  priority: 0,
  immutable: false,
  retryCount: 0,
  attemptCount: 0,
  retryTimeoutSeconds: 0,
  splitSpan: false,
  onSuccess: [],
  onError: [],
  chordCallback: undefined,
  brokerMessageGroupId: '',
  transport: undefined,
  noBackend: false,
  stopTaskDeletionOnError: false,
  ignoreWhenTaskNotRegistered: false,
  unknown: [],
  source: undefined,
}

/** A changed copy. The copy has no `source`: it is encoded anew. */
export function withMessage(message: Message, changes: Partial<Omit<Message, 'source'>>): Message {
  return { ...message, ...changes, source: undefined }
}
