import { describe, expect, it } from 'vitest'
import { decodeMessage, decodeMessageText } from '../../../../src/core/wire/message-codec.ts'
import { exactFieldAt, foldedField, WIRE_FIELDS } from '../../../../src/core/wire/wire-fields.ts'
import { thrownBy } from '../thrown.ts'

const decode = decodeMessageText
const refusal = (text: string): string => {
  const error = thrownBy(() => decode(text))
  expect(error.code).toBe('ERR_DECODE')
  return error.message
}

describe('what Go accepts (go-core 1.4)', () => {
  it.each([
    ['{"uuid":"a","NAME":"b","routingkey":"c"}', { uuid: 'a', name: 'b', routingKey: 'c' }],
    ['{"\\u0055UID":"a"}', { uuid: 'a' }],
    ['{"UUID":"\\u0061"}', { uuid: 'a' }],
    ['{}', { uuid: '', retryCount: 0, headers: undefined }],
    [' \t\r\n{ "UUID" : "a" , "Args" : [ ] } \n', { uuid: 'a', args: [] }],
    [
      '{"UUID":null,"RetryCount":null,"Immutable":null,"Args":null,"Headers":null,"ChordCallback":null}',
      { uuid: '' },
    ],
    ['{"ReceivedAt":null,"ETA":null,"Delay":null,"Priority":null,"OnError":null}', { receivedAt: '' }],
    ['{"ReceivedAt":"0001-01-01T00:00:00Z"}', { receivedAt: '' }],
    ['{"RetryCount":-0}', { retryCount: 0 }],
    ['{"RetryCount":-3}', { retryCount: -3 }],
    ['{"GroupTaskCount":9007199254740991}', { groupTaskCount: 9_007_199_254_740_991 }],
    ['{"Delay":9223372036854775807}', { delayNs: 9_223_372_036_854_775_807n }],
    ['{"Delay":-9223372036854775808}', { delayNs: -9_223_372_036_854_775_808n }],
    ['{"Delay":7}', { delayNs: 7n }],
    ['{"Priority":255}', { priority: 255 }],
    ['{"Args":[null]}', { args: [{ name: '', type: '', value: 'null' }] }],
    [
      '{"Args":[{"type":"int64","VALUE":1,"Extra":[{}],"name":"n"}]}',
      { args: [{ name: 'n', type: 'int64', value: '1' }] },
    ],
    ['{"Args":[{"Type":null,"Name":null,"Value":null}]}', { args: [{ name: '', type: '', value: 'null' }] }],
    ['{"Name":"\\ud83d\\ude00 \\" \\n"}', { name: '😀 " \n' }],
    ['{"Name":"a\\ud800b"}', { name: 'a\uFFFDb' }],
    ['{"ETA":"2026-11-24T02:29:47.432455828+02:00"}', { eta: '2026-11-24T02:29:47.432455828+02:00' }],
  ])('%s', (text, fields) => {
    expect(decode(text)).toMatchObject(fields)
  })

  it('keeps the literal of numbers in arguments, headers and unknown keys', () => {
    const message = decode(
      '{"Args":[{"Type":"x","Value":[1.0,1e3,18446744073709551616]}],"Headers":{"n":1.50,"o":{"a": -0}},"X":1E+2}',
    )
    expect(message.args[0]?.value).toBe('[1.0,1e3,18446744073709551616]')
    expect([...(message.headers ?? [])]).toEqual([
      ['n', '1.50'],
      ['o', '{"a": -0}'],
    ])
    expect(message.unknown).toEqual([['X', '1E+2']])
  })

  it('keeps the text of the message and of each nested signature', () => {
    const nested = '{ "UUID":"b","Foo":1 }'
    const text = `{"UUID":"a","OnSuccess":[${nested}],"ChordCallback":${nested}}`
    const message = decode(`\n${text}\n`)
    expect(message.source).toBe(text)
    expect(message.onSuccess[0]).toMatchObject({ uuid: 'b', source: nested, unknown: [['Foo', '1']] })
    expect(message.chordCallback?.source).toBe(nested)
  })

  it('reads transport fields', () => {
    const { transport } = decode('{"SQSReceiptHandle":"r","AzureMessageContent":"c","SQSMessageID":""}')
    expect(transport).toEqual({
      sqsReceiptHandle: 'r',
      sqsMessageId: '',
      azureMessageId: '',
      azurePopReceipt: '',
      azureMessageContent: 'c',
    })
  })

  it('finds every field by its exact name and in any case', () => {
    for (const [number, { name }] of WIRE_FIELDS.entries()) {
      expect(exactFieldAt(`{"${name}":`, 2)).toBe(number)
      expect(exactFieldAt(`{"${name}X":`, 2)).toBe(-1)
      expect(foldedField(name.toUpperCase())).toBe(number)
    }
  })
})

const FIELD = 'json: cannot unmarshal'

describe('what Go refuses (go-core 1.4)', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{"UUID":"a"', 'unexpected end of JSON input'],
    ['{"UUID":"a', 'unexpected end of JSON input'],
    ['{"UUID"', 'unexpected end of JSON input'],
    ['[]', `${FIELD} array into Go value of type tasks.Signature`],
    ['"x"', `${FIELD} string into Go value of type tasks.Signature`],
    ['7', `${FIELD} number into Go value of type tasks.Signature`],
    ['{"RetryCount":1.0}', `${FIELD} number 1.0 into Go struct field Signature.RetryCount of type int`],
    ['{"RetryCount":1.5}', `${FIELD} number 1.5 into Go struct field Signature.RetryCount of type int`],
    ['{"RetryCount":1e2}', `${FIELD} number 1e2 into Go struct field Signature.RetryCount of type int`],
    ['{"RetryCount":"1"}', `${FIELD} string into Go struct field Signature.RetryCount of type int`],
    [
      '{"RetryCount":9223372036854775808}',
      `${FIELD} number 9223372036854775808 into Go struct field Signature.RetryCount of type int`,
    ],
    [
      '{"Delay":9223372036854775808}',
      `${FIELD} number 9223372036854775808 into Go struct field Signature.Delay of type time.Duration`,
    ],
    ['{"Priority":256}', `${FIELD} number 256 into Go struct field Signature.Priority of type uint8`],
    ['{"Priority":-1}', `${FIELD} number -1 into Go struct field Signature.Priority of type uint8`],
    ['{"Immutable":1}', `${FIELD} number into Go struct field Signature.Immutable of type bool`],
    ['{"Immutable":"true"}', `${FIELD} string into Go struct field Signature.Immutable of type bool`],
    ['{"UUID":5}', `${FIELD} number into Go struct field Signature.UUID of type string`],
    ['{"Name":true}', `${FIELD} bool into Go struct field Signature.Name of type string`],
    ['{"Args":{}}', `${FIELD} object into Go struct field Signature.Args of type []tasks.Arg`],
    ['{"Args":[1]}', `${FIELD} number into Go struct field Signature.Args of type []tasks.Arg`],
    ['{"Headers":[]}', `${FIELD} array into Go struct field Signature.Headers of type tasks.Headers`],
    [
      '{"OnSuccess":{}}',
      `${FIELD} object into Go struct field Signature.OnSuccess of type []*tasks.Signature`,
    ],
    [
      '{"ChordCallback":[]}',
      `${FIELD} array into Go struct field Signature.ChordCallback of type tasks.Signature`,
    ],
    ['{"Delay":"1s"}', `${FIELD} string into Go struct field Signature.Delay of type time.Duration`],
    ['{"ETA":""}', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse ETA'],
    ['{"ETA":"2026-01-02 03:04:05Z"}', 'cannot parse ETA'],
    ['{"ReceivedAt":"2026-01-02T03:04:05"}', 'cannot parse ReceivedAt'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message)
  })
})

describe('what is refused beyond Go', () => {
  it.each([
    ['null', 'cannot unmarshal null'],
    ['{"UUID":"a"}x', "invalid character 'x' after top-level value at offset 12"],
    ['{"UUID":"a"}{}', 'after top-level value'],
    ['{"OnSuccess":[null]}', 'null is not allowed in OnSuccess'],
    ['{"UUID":"a","UUID":"b"}', 'duplicate key UUID'],
    ['{"UUID":"a","uuid":"b"}', 'duplicate key UUID'],
    ['{"X":1,"X":2}', 'duplicate key X'],
    ['{"Args":[{"Type":"a","type":"b"}]}', 'duplicate key'],
    ['{"Headers":{"a":1,"a":2}}', 'duplicate key a in headers'],
    ['{"__proto__":{}}', 'key __proto__ is not allowed in a signature'],
    ['{"constructor":{}}', 'key constructor is not allowed'],
    ['{"Headers":{"__proto__":{}}}', 'key __proto__ is not allowed in headers'],
    ['{"Headers":{"\\u005f_proto__":{}}}', 'key __proto__ is not allowed in headers'],
    ['{"UUID":"a b"}', 'UUID "a b" must have up to 200 characters'],
    ['{"GroupUUID":"é"}', 'GroupUUID "é" must have'],
    [`{"UUID":"${'a'.repeat(201)}"}`, 'must have up to 200 characters'],
    ['{"GroupTaskCount":9007199254740993}', 'cannot unmarshal number 9007199254740993'],
    ['\uFEFF{}', 'invalid character byte order mark looking for beginning of value'],
    ['{"Name":"a\uD800"}', 'lone surrogate'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message)
  })

  it.each([
    [[0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    [[...Buffer.from('{"Name":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]],
  ])('invalid UTF-8 %#', (bytes) => {
    expect(thrownBy(() => decodeMessage(Uint8Array.from(bytes)))).toMatchObject({ code: 'ERR_DECODE' })
  })

  it('but not a replacement character that was sent as such, nor a view into other bytes', () => {
    const bytes = Uint8Array.from(Buffer.from('xx{"Name":"\uFFFD"}yy'))
    expect(decodeMessage(bytes.subarray(2, -2)).name).toBe('\uFFFD')
  })
})

describe('grammar', () => {
  it.each([
    ['{"X":tru}', "in literal true (expecting 'e')"],
    ['{"X":nul', 'unexpected end'],
    ['{"X":01}', "invalid character '1' after object key:value pair"],
    ['{"X":-}', 'in numeric literal'],
    ['{"X":1.}', 'in numeric literal'],
    ['{"X":1e+}', 'in numeric literal'],
    ['{"X":.5}', "invalid character '.' looking for beginning of value"],
    ['{"X":"\u0001"}', "invalid character '\\u0001' in string literal"],
    ['{"X":"\\x"}', 'in string escape code'],
    ['{"X":"\\u00g0"}', 'in \\u hexadecimal character escape'],
    ['{"X":[1,]}', "invalid character ']' looking for beginning of value"],
    ['{"X":[1 2]}', 'after array element'],
    ['{"X":{"a":1,}}', 'looking for beginning of object key string'],
    ['{"X":{"a" 1}}', 'after object key'],
    ['{"X":[{]}]}', 'looking for beginning of object key string'],
    ['{,}', 'looking for beginning of object key string'],
    ['{"UUID":"a",}', 'looking for beginning of object key string'],
    ["{'UUID':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"UUID" "a"}', 'after object key'],
    ['{"Args":[{"Type":"a"]}', 'after object key:value pair'],
    ['{"RetryCount":}', "invalid character '}' looking for beginning of value"],
    ['x', "invalid character 'x' looking for beginning of value at offset 0"],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message)
  })

  it('tells where and what was expected, and never shows the whole body', () => {
    const error = thrownBy(() => decode(`{"ETA":"${'x'.repeat(50_000)}"}`))
    expect(error.details['offset']).toBe(7)
    expect(error.message.length).toBeLessThan(220)
  })
})
