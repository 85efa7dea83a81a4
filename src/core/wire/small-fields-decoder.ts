import type { Message, TransportFields } from '../message.ts'
import { ZERO_TIME } from '../rfc3339.ts'
import { readBoolean, readInteger, readInteger64, readText, readTime } from './field-readers.ts'
import type { JsonCursor } from './json-cursor.ts'
import type { WireField, WireFieldName } from './wire-fields.ts'

/** A message while it is read. */
export type Draft = { -readonly [K in keyof Message]: Message[K] }

/** Reads a number, flag, time or transport field into the draft. */
export function readSmallField(cursor: JsonCursor, draft: Draft, field: WireField): void {
  switch (field.goType) {
    case 'int':
    case 'uint8':
    case 'time.Duration':
      readCount(cursor, draft, field)
      break
    case 'bool':
      readFlag(cursor, draft, field)
      break
    case 'time.Time':
      readInstant(cursor, draft, field)
      break
    default:
      readTransport(cursor, draft, field)
  }
}

function readCount(cursor: JsonCursor, draft: Draft, field: WireField): void {
  switch (field.name) {
    case 'RetryCount':
      draft.retryCount = readInteger(cursor, field)
      break
    case 'AttemptCount':
      draft.attemptCount = readInteger(cursor, field)
      break
    case 'RetryTimeout':
      draft.retryTimeoutSeconds = readInteger(cursor, field)
      break
    case 'GroupTaskCount':
      draft.groupTaskCount = readInteger(cursor, field)
      break
    case 'Priority':
      draft.priority = readInteger(cursor, field, 0, 255)
      break
    default:
      draft.delayNs = readInteger64(cursor, field)
  }
}

function readFlag(cursor: JsonCursor, draft: Draft, field: WireField): void {
  const value = readBoolean(cursor, field)
  switch (field.name) {
    case 'Immutable':
      draft.immutable = value
      break
    case 'SplitSpan':
      draft.splitSpan = value
      break
    case 'NoBackend':
      draft.noBackend = value
      break
    case 'StopTaskDeletionOnError':
      draft.stopTaskDeletionOnError = value
      break
    default:
      draft.ignoreWhenTaskNotRegistered = value
  }
}

function readInstant(cursor: JsonCursor, draft: Draft, field: WireField): void {
  const text = readTime(cursor, field)
  switch (field.name) {
    case 'ETA':
      draft.eta = text
      break
    case 'IngestionTime':
      draft.ingestionTime = text
      break
    case 'FirstReceived':
      draft.firstReceived = text
      break
    default:
      draft.receivedAt = text === ZERO_TIME ? '' : text
  }
}

const TRANSPORT_KEYS: Readonly<Partial<Record<WireFieldName, keyof TransportFields>>> = {
  SQSReceiptHandle: 'sqsReceiptHandle',
  SQSMessageID: 'sqsMessageId',
  AzureMessageID: 'azureMessageId',
  AzurePopReceipt: 'azurePopReceipt',
  AzureMessageContent: 'azureMessageContent',
}

const NO_TRANSPORT: TransportFields = {
  sqsReceiptHandle: '',
  sqsMessageId: '',
  azureMessageId: '',
  azurePopReceipt: '',
  azureMessageContent: '',
}

function readTransport(cursor: JsonCursor, draft: Draft, field: WireField): void {
  const text = readText(cursor, field)
  const key = TRANSPORT_KEYS[field.name]
  if (text === '' || key === undefined) return
  draft.transport = { ...(draft.transport ?? NO_TRANSPORT), [key]: text }
}
