/** The fields of a signature, in the order of the union of both dialects (go-core 1.1, 1.5). */
const TABLE = [
  ['UUID', 'string', 'both'],
  ['Name', 'string', 'both'],
  ['RoutingKey', 'string', 'both'],
  ['ETA', 'time.Time', 'upstream'],
  ['Delay', 'time.Duration', 'fork'],
  ['IngestionTime', 'time.Time', 'fork'],
  ['FirstReceived', 'time.Time', 'fork'],
  ['ReceivedAt', 'time.Time', 'fork'],
  ['GroupUUID', 'string', 'both'],
  ['GroupTaskCount', 'int', 'both'],
  ['Args', '[]tasks.Arg', 'both'],
  ['Headers', 'tasks.Headers', 'both'],
  ['Priority', 'uint8', 'both'],
  ['Immutable', 'bool', 'both'],
  ['RetryCount', 'int', 'both'],
  ['AttemptCount', 'int', 'fork'],
  ['RetryTimeout', 'int', 'both'],
  ['SplitSpan', 'bool', 'fork'],
  ['OnSuccess', '[]*tasks.Signature', 'both'],
  ['OnError', '[]*tasks.Signature', 'both'],
  ['ChordCallback', 'tasks.Signature', 'both'],
  ['BrokerMessageGroupId', 'string', 'both'],
  ['SQSReceiptHandle', 'string', 'both'],
  ['SQSMessageID', 'string', 'fork'],
  ['AzureMessageID', 'string', 'fork'],
  ['AzurePopReceipt', 'string', 'fork'],
  ['AzureMessageContent', 'string', 'fork'],
  ['NoBackend', 'bool', 'fork'],
  ['StopTaskDeletionOnError', 'bool', 'both'],
  ['IgnoreWhenTaskNotRegistered', 'bool', 'both'],
] as const

/** A name of a field as it stands on the wire. */
export type WireFieldName = (typeof TABLE)[number][0]

/** One field of a signature. */
export interface WireField {
  readonly name: WireFieldName
  /** Its type in Go, as Go's errors name it. */
  readonly goType: string
  readonly dialect: 'both' | 'upstream' | 'fork'
}

/** All fields; the index is the field's number. */
export const WIRE_FIELDS: readonly WireField[] = TABLE.map(([name, goType, dialect]) => ({
  name,
  goType,
  dialect,
}))

/** What `fieldOf` answers for a key that neither dialect knows. */
export const UNKNOWN_FIELD = -1

const SLOTS = 64

/** At most three names share a slot; a test holds the table to that. */
function slotOf(first: number, third: number): number {
  return (first * 3 + third * 8) & (SLOTS - 1)
}

/** A field with its name as it stands behind the opening quote. */
interface Candidate {
  readonly number: number
  readonly ending: string
}

const CANDIDATES: Candidate[][] = Array.from({ length: SLOTS }, () => [])
const LONGEST_NAME = Math.max(...WIRE_FIELDS.map(({ name }) => name.length))
const FIELD_BY_FOLDED_NAME = new Map<string, number>()
for (const [number, { name }] of WIRE_FIELDS.entries()) {
  CANDIDATES[slotOf(name.charCodeAt(0), name.charCodeAt(2))]?.push({ number, ending: `${name}"` })
  FIELD_BY_FOLDED_NAME.set(foldCase(name), number)
}

/** The number of the field whose exact name, and the closing quote, stand at `start` of `text`; or `UNKNOWN_FIELD`. */
export function exactFieldAt(text: string, start: number): number {
  if (start + 2 >= text.length) return UNKNOWN_FIELD
  const candidates = CANDIDATES[
    slotOf(text.charCodeAt(start), text.charCodeAt(start + 2))
  ] as readonly Candidate[]
  for (const { number, ending } of candidates) {
    if (text.startsWith(ending, start)) return number
  }
  return UNKNOWN_FIELD
}

/** The number of the field with this name in any case, or `UNKNOWN_FIELD`. */
export function foldedField(key: string): number {
  if (key.length > LONGEST_NAME) return UNKNOWN_FIELD
  return FIELD_BY_FOLDED_NAME.get(foldCase(key)) ?? UNKNOWN_FIELD
}

/** Lower case of ASCII letters only: that is how keys are matched. */
export function foldCase(key: string): string {
  return key.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
