import { MachineryError } from '../errors.ts'
import type { Arg, JsonText, Message, TransportFields } from '../message.ts'
import { integerText, quote } from './json-text.ts'
import { SIGNATURE_DEPTH_CEILING } from './limits.ts'

/** The document with only the fields that are set; what was decoded and not changed goes out as it came. */
export function encodeCompact(message: Message, level = 1): JsonText {
  if (message.source !== undefined) return message.source
  let text = `{"UUID":${quote(message.uuid)},"Name":${quote(message.name)}`
  if (message.routingKey !== '') text += `,"RoutingKey":${quote(message.routingKey)}`
  text += timesOf(message)
  if (message.groupUuid !== '') text += `,"GroupUUID":${quote(message.groupUuid)}`
  if (message.groupTaskCount !== 0) {
    text += `,"GroupTaskCount":${integerText(message.groupTaskCount, 'GroupTaskCount')}`
  }
  if (message.args.length > 0) text += `,"Args":${argsOf(message.args)}`
  if (message.headers !== undefined) text += `,"Headers":${headersOf(message.headers)}`
  return `${text}${countersOf(message)}${callbacksOf(message, level)}${restOf(message)}}`
}

function timesOf(message: Message): string {
  let text = ''
  if (message.eta !== '') text += `,"ETA":${quote(message.eta)}`
  if (message.delayNs !== 0n) text += `,"Delay":${message.delayNs}`
  if (message.ingestionTime !== '') text += `,"IngestionTime":${quote(message.ingestionTime)}`
  if (message.firstReceived !== '') text += `,"FirstReceived":${quote(message.firstReceived)}`
  if (message.receivedAt !== '') text += `,"ReceivedAt":${quote(message.receivedAt)}`
  return text
}

function argsOf(args: readonly Arg[]): JsonText {
  let text = '['
  for (const arg of args) {
    text += text === '[' ? '{' : ',{'
    if (arg.name !== '') text += `"Name":${quote(arg.name)},`
    text += `"Type":${quote(arg.type)},"Value":${arg.value}}`
  }
  return `${text}]`
}

/** Headers as a JSON object, in their order. */
export function headersOf(headers: ReadonlyMap<string, JsonText>): JsonText {
  if (headers.size === 0) return '{}'
  let text = ''
  for (const [key, value] of headers) text += `${text === '' ? '{' : ','}${quote(key)}:${value}`
  return `${text}}`
}

function countersOf(message: Message): string {
  let text = ''
  if (message.priority !== 0) text += `,"Priority":${priorityText(message.priority)}`
  if (message.immutable) text += ',"Immutable":true'
  if (message.retryCount !== 0) text += `,"RetryCount":${integerText(message.retryCount, 'RetryCount')}`
  if (message.attemptCount !== 0)
    text += `,"AttemptCount":${integerText(message.attemptCount, 'AttemptCount')}`
  if (message.retryTimeoutSeconds !== 0) {
    text += `,"RetryTimeout":${integerText(message.retryTimeoutSeconds, 'RetryTimeout')}`
  }
  if (message.splitSpan) text += ',"SplitSpan":true'
  return text
}

/**
 * A priority as JSON text.
 * @throws `ERR_ENCODE` unless it is an integer from 0 to 255.
 */
export function priorityText(priority: number): JsonText {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 255) return String(priority)
  throw new MachineryError(
    'ERR_ENCODE',
    `Priority is ${String(priority)}; it must be an integer from 0 to 255`,
    {
      details: { field: 'Priority', value: priority },
    },
  )
}

function callbacksOf(message: Message, level: number): string {
  let text = ''
  if (message.onSuccess.length > 0) text += `,"OnSuccess":${signaturesOf(message.onSuccess, level)}`
  if (message.onError.length > 0) text += `,"OnError":${signaturesOf(message.onError, level)}`
  if (message.chordCallback !== undefined) {
    text += `,"ChordCallback":${encodeCompact(message.chordCallback, deeper(level))}`
  }
  return text
}

function signaturesOf(messages: readonly Message[], level: number): JsonText {
  const next = deeper(level)
  return `[${messages.map((message) => encodeCompact(message, next)).join(',')}]`
}

/**
 * The level below.
 * @throws `ERR_WORKFLOW_TOO_LARGE` below the ceiling of nesting.
 */
export function deeper(level: number): number {
  if (level < SIGNATURE_DEPTH_CEILING) return level + 1
  throw new MachineryError(
    'ERR_WORKFLOW_TOO_LARGE',
    `signatures are nested more than ${SIGNATURE_DEPTH_CEILING} deep; callbacks are embedded by value`,
    { details: { limit: 'maxSignatureDepth', maximum: SIGNATURE_DEPTH_CEILING } },
  )
}

function restOf(message: Message): string {
  let text = ''
  if (message.brokerMessageGroupId !== '') {
    text += `,"BrokerMessageGroupId":${quote(message.brokerMessageGroupId)}`
  }
  if (message.transport !== undefined) text += transportOf(message.transport)
  if (message.noBackend) text += ',"NoBackend":true'
  if (message.stopTaskDeletionOnError) text += ',"StopTaskDeletionOnError":true'
  if (message.ignoreWhenTaskNotRegistered) text += ',"IgnoreWhenTaskNotRegistered":true'
  for (const [key, value] of message.unknown) text += `,${quote(key)}:${value}`
  return text
}

function transportOf(transport: TransportFields): string {
  let text = ''
  if (transport.sqsReceiptHandle !== '') text += `,"SQSReceiptHandle":${quote(transport.sqsReceiptHandle)}`
  if (transport.sqsMessageId !== '') text += `,"SQSMessageID":${quote(transport.sqsMessageId)}`
  if (transport.azureMessageId !== '') text += `,"AzureMessageID":${quote(transport.azureMessageId)}`
  if (transport.azurePopReceipt !== '') text += `,"AzurePopReceipt":${quote(transport.azurePopReceipt)}`
  if (transport.azureMessageContent !== '') {
    text += `,"AzureMessageContent":${quote(transport.azureMessageContent)}`
  }
  return text
}
