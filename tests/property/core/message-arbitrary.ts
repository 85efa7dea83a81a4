import fc from 'fast-check'
import { EMPTY_MESSAGE, type JsonText, type Message } from '../../../src/core/message.ts'
import { foldedField, UNKNOWN_FIELD } from '../../../src/core/wire/wire-fields.ts'

const POISON = new Set(['__proto__', 'constructor', 'prototype'])

/** Well-formed text, with what needs escapes. */
export const text = fc.oneof(
  fc.string(),
  fc.string({
    unit: fc.constantFrom('<', '>', '&', '"', '\\', '\u2028', '\n', '\u0000', '\u007f', 'é', '\uffff', '😀'),
  }),
)

const number: fc.Arbitrary<JsonText> = fc.oneof(
  fc.bigInt().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('1.0', '1e3', '-0', '1E+2', '0.10', '18446744073709551616', '-1.50e-07'),
)

/** JSON text in any spelling: white space, escapes, number literals. */
export const jsonText: fc.Arbitrary<JsonText> = fc.letrec<{ value: JsonText }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    number,
    text.map((value) => JSON.stringify(value)),
    fc.constantFrom('true', 'false', 'null', '"\\u0041\\/"', '"\\ud800"', '[]', '{}', '[ ]', '{ }'),
    fc
      .tuple(fc.array(tie('value')), fc.constantFrom('', ' ', '\n\t'))
      .map(([items, space]) => `[${space}${items.join(`${space},${space}`)}${space}]`),
    fc
      .tuple(fc.array(fc.tuple(text, tie('value'))), fc.constantFrom('', ' '))
      .map(
        ([members, space]) =>
          `{${space}${members.map(([key, value]) => `${JSON.stringify(key)}${space}:${value}`).join(',')}}`,
      ),
  ),
})).value

const key = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019_.:-')), maxLength: 30 })
const time = fc.constantFrom('', '2026-11-24T02:29:47.432455828Z', '1999-01-01T00:00:00+02:00')
const integer = fc.oneof(fc.constant(0), fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 }))
const transportText = fc.oneof(fc.constant(''), text)

const transport = fc
  .record({
    sqsReceiptHandle: transportText,
    sqsMessageId: transportText,
    azureMessageId: transportText,
    azurePopReceipt: transportText,
    azureMessageContent: transportText,
  })
  .map((fields) => (Object.values(fields).every((value) => value === '') ? undefined : fields))

const headers = fc
  .uniqueArray(fc.tuple(text, jsonText), { selector: ([name]) => name, maxLength: 5 })
  .map((entries) => new Map(entries.filter(([name]) => !POISON.has(name))))

const unknown = fc
  .uniqueArray(fc.tuple(text, jsonText), { selector: ([name]) => name, maxLength: 3 })
  .map((entries) => entries.filter(([name]) => !POISON.has(name) && foldedField(name) === UNKNOWN_FIELD))

const fields = {
  uuid: key,
  name: text,
  routingKey: text,
  eta: time,
  delayNs: fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  ingestionTime: time,
  firstReceived: time,
  receivedAt: time,
  groupUuid: key,
  groupTaskCount: integer,
  args: fc.array(fc.record({ name: text, type: text, value: jsonText }), { maxLength: 4 }),
  headers: fc.option(headers, { nil: undefined }),
  priority: fc.integer({ min: 0, max: 255 }),
  immutable: fc.boolean(),
  retryCount: integer,
  attemptCount: integer,
  retryTimeoutSeconds: integer,
  splitSpan: fc.boolean(),
  brokerMessageGroupId: text,
  transport,
  noBackend: fc.boolean(),
  stopTaskDeletionOnError: fc.boolean(),
  ignoreWhenTaskNotRegistered: fc.boolean(),
  unknown,
}

/** Messages whose callbacks are `nested`. */
const messageWith = (nested: fc.Arbitrary<Message>): fc.Arbitrary<Message> =>
  fc
    .record(
      {
        ...fields,
        onSuccess: fc.array(nested, { maxLength: 2 }),
        onError: fc.array(nested, { maxLength: 2 }),
        chordCallback: fc.option(nested, { nil: undefined }),
      },
      { requiredKeys: [] },
    )
    .map((set) => ({ ...EMPTY_MESSAGE, ...set }))

const leaf: fc.Arbitrary<Message> = fc
  .record(fields, { requiredKeys: [] })
  .map((set) => ({ ...EMPTY_MESSAGE, ...set }))

/** A message in which anything may be set, with callbacks down to three levels. */
export const message: fc.Arbitrary<Message> = messageWith(fc.oneof(leaf, messageWith(leaf)))
