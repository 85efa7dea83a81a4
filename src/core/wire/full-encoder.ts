import type { Arg, JsonText, Message } from '../message.ts'
import { ZERO_TIME } from '../rfc3339.ts'
import { deeper, headersOf, priorityText } from './compact-encoder.ts'
import { escapeHtml, integerText, quote } from './json-text.ts'
import { WIRE_FIELDS, type WireField, type WireFieldName } from './wire-fields.ts'

/** How a full document is written. */
export interface FullForm {
  readonly fields: readonly WireField[]
  /** Exactly Go's bytes: HTML escapes, sorted headers, and no keys that Go does not know. */
  readonly isGo: boolean
}

function dialectForm(dialect: 'upstream' | 'fork'): FullForm {
  const fields = WIRE_FIELDS.filter((field) => field.dialect === 'both' || field.dialect === dialect)
  return { fields, isGo: true }
}

/** The full forms by name. */
export const FULL_FORMS: Readonly<Record<'full' | 'full-upstream' | 'full-fork', FullForm>> = {
  full: { fields: WIRE_FIELDS, isGo: false },
  'full-upstream': dialectForm('upstream'),
  'full-fork': dialectForm('fork'),
}

/** The document with every field of the form, set or not. */
export function encodeFull(message: Message, form: FullForm, level = 1): JsonText {
  const members = form.fields.map(({ name }) => `"${name}":${FIELD_TEXTS[name](message, form, level)}`)
  if (!form.isGo) members.push(...message.unknown.map(([key, value]) => `${quote(key)}:${value}`))
  return `{${members.join(',')}}`
}

type FieldText = (message: Message, form: FullForm, level: number) => JsonText

const stringField =
  (read: (message: Message) => string | undefined): FieldText =>
  (message, form) =>
    string(read(message) ?? '', form)

const optionalTime =
  (read: (message: Message) => string): FieldText =>
  (message, form) =>
    read(message) === '' ? 'null' : string(read(message), form)

const flag =
  (read: (message: Message) => boolean): FieldText =>
  (message) =>
    String(read(message))

const signatures =
  (read: (message: Message) => readonly Message[]): FieldText =>
  (message, form, level) => {
    const nested = read(message)
    if (nested.length === 0) return 'null'
    const next = deeper(level)
    return `[${nested.map((signature) => encodeFull(signature, form, next)).join(',')}]`
  }

const FIELD_TEXTS: Readonly<Record<WireFieldName, FieldText>> = {
  UUID: stringField((message) => message.uuid),
  Name: stringField((message) => message.name),
  RoutingKey: stringField((message) => message.routingKey),
  ETA: optionalTime((message) => message.eta),
  Delay: (message) => String(message.delayNs),
  IngestionTime: optionalTime((message) => message.ingestionTime),
  FirstReceived: optionalTime((message) => message.firstReceived),
  ReceivedAt: stringField((message) => message.receivedAt || ZERO_TIME),
  GroupUUID: stringField((message) => message.groupUuid),
  GroupTaskCount: (message) => integerText(message.groupTaskCount, 'GroupTaskCount'),
  Args: (message, form) => argsText(message.args, form),
  Headers: (message, form) => headersText(message.headers, form),
  Priority: (message) => priorityText(message.priority),
  Immutable: flag((message) => message.immutable),
  RetryCount: (message) => integerText(message.retryCount, 'RetryCount'),
  AttemptCount: (message) => integerText(message.attemptCount, 'AttemptCount'),
  RetryTimeout: (message) => integerText(message.retryTimeoutSeconds, 'RetryTimeout'),
  SplitSpan: flag((message) => message.splitSpan),
  OnSuccess: signatures((message) => message.onSuccess),
  OnError: signatures((message) => message.onError),
  ChordCallback: (message, form, level) =>
    message.chordCallback === undefined ? 'null' : encodeFull(message.chordCallback, form, deeper(level)),
  BrokerMessageGroupId: stringField((message) => message.brokerMessageGroupId),
  SQSReceiptHandle: stringField((message) => message.transport?.sqsReceiptHandle),
  SQSMessageID: stringField((message) => message.transport?.sqsMessageId),
  AzureMessageID: stringField((message) => message.transport?.azureMessageId),
  AzurePopReceipt: stringField((message) => message.transport?.azurePopReceipt),
  AzureMessageContent: stringField((message) => message.transport?.azureMessageContent),
  NoBackend: flag((message) => message.noBackend),
  StopTaskDeletionOnError: flag((message) => message.stopTaskDeletionOnError),
  IgnoreWhenTaskNotRegistered: flag((message) => message.ignoreWhenTaskNotRegistered),
}

function string(value: string, form: FullForm): JsonText {
  return raw(quote(value), form)
}

function raw(text: JsonText, form: FullForm): JsonText {
  return form.isGo ? escapeHtml(text) : text
}

function argsText(args: readonly Arg[], form: FullForm): JsonText {
  if (args.length === 0) return 'null'
  const texts = args.map(
    ({ name, type, value }) => `{"Name":${quote(name)},"Type":${quote(type)},"Value":${value}}`,
  )
  return raw(`[${texts.join(',')}]`, form)
}

function headersText(headers: ReadonlyMap<string, JsonText> | undefined, form: FullForm): JsonText {
  if (headers === undefined) return 'null'
  if (!form.isGo) return headersOf(headers)
  const sorted = [...headers].toSorted(([one], [other]) =>
    Buffer.compare(Buffer.from(one), Buffer.from(other)),
  )
  return escapeHtml(headersOf(new Map(sorted)))
}
