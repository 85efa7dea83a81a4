import { describe, expect, it } from 'vitest'
import { EMPTY_MESSAGE, type Message, withMessage } from '../../../../src/core/message.ts'
import {
  decodeMessageText,
  encodeMessage,
  encodeMessageText,
} from '../../../../src/core/wire/message-codec.ts'
import { thrownBy } from '../thrown.ts'

const message = (fields: Partial<Message>): Message => ({ ...EMPTY_MESSAGE, ...fields })

const EVERYTHING = message({
  uuid: 'task_1',
  name: 'add',
  routingKey: 'q',
  eta: '2026-11-24T02:29:47Z',
  delayNs: 1_500_000_000n,
  ingestionTime: '2026-11-24T02:29:48Z',
  firstReceived: '2026-11-24T02:29:49Z',
  receivedAt: '2026-11-24T02:29:50Z',
  groupUuid: 'group_1',
  groupTaskCount: 2,
  args: [{ name: 'n', type: 'int64', value: '9007199254740993' }],
  headers: new Map([
    ['b', '"x"'],
    ['a', '1.0'],
  ]),
  priority: 9,
  immutable: true,
  retryCount: 3,
  attemptCount: 1,
  retryTimeoutSeconds: 5,
  splitSpan: true,
  onSuccess: [message({ uuid: 's' })],
  onError: [message({ uuid: 'e' })],
  chordCallback: message({ uuid: 'c' }),
  brokerMessageGroupId: 'g',
  transport: {
    sqsReceiptHandle: '1',
    sqsMessageId: '2',
    azureMessageId: '3',
    azurePopReceipt: '4',
    azureMessageContent: '5',
  },
  noBackend: true,
  stopTaskDeletionOnError: true,
  ignoreWhenTaskNotRegistered: true,
  unknown: [['Later', '1e2']],
})

describe('the compact form', () => {
  it('writes UUID and Name always, and nothing else that is not set', () => {
    expect(encodeMessageText(EMPTY_MESSAGE)).toBe('{"UUID":"","Name":""}')
    expect(encodeMessageText(message({ headers: new Map() }))).toBe('{"UUID":"","Name":"","Headers":{}}')
  })

  it('writes every field that is set, in the order of the wire', () => {
    expect(encodeMessageText(EVERYTHING)).toBe(
      '{"UUID":"task_1","Name":"add","RoutingKey":"q","ETA":"2026-11-24T02:29:47Z","Delay":1500000000,' +
        '"IngestionTime":"2026-11-24T02:29:48Z","FirstReceived":"2026-11-24T02:29:49Z",' +
        '"ReceivedAt":"2026-11-24T02:29:50Z","GroupUUID":"group_1","GroupTaskCount":2,' +
        '"Args":[{"Name":"n","Type":"int64","Value":9007199254740993}],"Headers":{"b":"x","a":1.0},"Priority":9,' +
        '"Immutable":true,"RetryCount":3,"AttemptCount":1,"RetryTimeout":5,"SplitSpan":true,' +
        '"OnSuccess":[{"UUID":"s","Name":""}],"OnError":[{"UUID":"e","Name":""}],' +
        '"ChordCallback":{"UUID":"c","Name":""},"BrokerMessageGroupId":"g","SQSReceiptHandle":"1",' +
        '"SQSMessageID":"2","AzureMessageID":"3","AzurePopReceipt":"4","AzureMessageContent":"5",' +
        '"NoBackend":true,"StopTaskDeletionOnError":true,"IgnoreWhenTaskNotRegistered":true,"Later":1e2}',
    )
  })

  it('passes on what was not changed, byte for byte', () => {
    const nested = '{ "Name":"b","uuid":"n","Foo" : 1.0 }'
    const parent = decodeMessageText(`{"OnSuccess":[${nested}],"Name":"a<b"}`)
    expect(encodeMessageText(parent)).toBe(`{"OnSuccess":[${nested}],"Name":"a<b"}`)
    expect(encodeMessageText(withMessage(parent, { uuid: 'u' }))).toBe(
      `{"UUID":"u","Name":"a<b","OnSuccess":[${nested}]}`,
    )
  })

  it('keeps every field and unknown key of a message that was changed', () => {
    const again = decodeMessageText(encodeMessageText(withMessage(EVERYTHING, { retryCount: 2 })))
    expect(withMessage(again, { retryCount: 3, ...nestedOf(EVERYTHING) })).toEqual(EVERYTHING)
  })

  it('writes lone surrogates as U+FFFD, and escapes what JSON demands', () => {
    expect(encodeMessageText(message({ name: 'a\uD800"\\\n\u0001<é' }))).toBe(
      '{"UUID":"","Name":"a\uFFFD\\"\\\\\\n\\u0001<é"}',
    )
    expect(Buffer.from(encodeMessage(message({ name: 'é' }))).toString('hex')).toContain('c3a9')
    expect(encodeMessageText(message({ name: 'x'.repeat(300) + '"' }))).toContain('x\\"')
  })
})

const nestedOf = ({ onSuccess, onError, chordCallback }: Message): Partial<Message> => ({
  onSuccess,
  onError,
  chordCallback,
})

describe('the forms of Go', () => {
  it('write exactly the fields of their dialect, sorted headers and HTML escapes', () => {
    const text = encodeMessageText(
      message({
        name: '<a>&\u2028',
        delayNs: 1n,
        eta: '2026-11-24T02:29:47Z',
        headers: new Map([
          ['b', '"<"'],
          ['a', '1'],
        ]),
        args: [{ name: '', type: 'string', value: '"&"' }],
        unknown: [['Later', '1']],
      }),
      'full-upstream',
    )
    expect(text).toContain('"Name":"\\u003ca\\u003e\\u0026\\u2028"')
    expect(text).toContain('"Headers":{"a":1,"b":"\\u003c"}')
    expect(text).toContain('"Value":"\\u0026"')
    expect(text).toContain('"ETA":"2026-11-24T02:29:47Z","GroupUUID"')
    expect(text).not.toMatch(/Later|Delay|AttemptCount/)
  })

  it('encode nested signatures anew in the same form', () => {
    const parent = decodeMessageText('{"OnSuccess":[{"UUID":"n"}],"ChordCallback":{}}')
    const text = encodeMessageText(parent, 'full-fork')
    expect(text.match(/"AzureMessageContent"/g)).toHaveLength(3)
    expect(text).not.toContain('ETA')
  })

  it('are not taken by the full form, which keeps unknown keys and escapes nothing more than JSON', () => {
    const text = encodeMessageText(message({ name: '<', unknown: [['Later', '1.0']] }), 'full')
    expect(text).toContain('"Name":"<"')
    expect(text).toMatch(/,"Later":1.0\}$/)
  })
})

describe('what cannot be encoded', () => {
  it.each([
    [{ priority: 256 }, 'Priority is 256; it must be an integer from 0 to 255'],
    [{ priority: 0.5 }, 'Priority is 0.5'],
    [{ retryCount: 1.5 }, 'RetryCount is 1.5; it must be a safe integer'],
    [{ groupTaskCount: Number.NaN }, 'GroupTaskCount is NaN'],
  ])('%o', (fields, text) => {
    for (const form of ['compact', 'full'] as const) {
      const error = thrownBy(() => encodeMessageText(message(fields), form))
      expect(error.code).toBe('ERR_ENCODE')
      expect(error.message).toContain(text)
    }
  })

  it('nesting beyond the ceiling', () => {
    let chain = EMPTY_MESSAGE
    for (let depth = 1; depth < 1_000; depth += 1) chain = message({ onSuccess: [chain] })
    expect(encodeMessageText(chain).match(/UUID/g)).toHaveLength(1_000)
    for (const form of ['compact', 'full-fork'] as const) {
      const error = thrownBy(() => encodeMessageText(message({ chordCallback: chain }), form))
      expect(error.code).toBe('ERR_WORKFLOW_TOO_LARGE')
    }
  })
})
