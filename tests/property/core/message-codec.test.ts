import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_MESSAGE, type Message, withMessage } from '../../../src/core/message.ts'
import {
  decodeMessage,
  decodeMessageText,
  encodeMessage,
  encodeMessageText,
} from '../../../src/core/wire/message-codec.ts'
import { WIRE_FIELDS } from '../../../src/core/wire/wire-fields.ts'
import { jsonText, message } from './message-arbitrary.ts'

/** The message with only what a form carries, at every level, without the texts it was decoded from. */
function reduce(from: Message, change: (message: Message) => Partial<Message>): Message {
  return withMessage(from, {
    ...change(from),
    onSuccess: from.onSuccess.map((nested) => reduce(nested, change)),
    onError: from.onError.map((nested) => reduce(nested, change)),
    chordCallback: from.chordCallback === undefined ? undefined : reduce(from.chordCallback, change),
  })
}

/** The V8 of Node 24 may take a key of one escaped character for `"\\\\"`, if it has just seen an object with that key. */
const KEY_THAT_V8_MISTAKES = /"\\(?:u[0-9a-fA-F]{4}|[^u])"\s*:/

const everything = (): Partial<Message> => ({})

/** Go escapes for HTML inside of strings; what they mean stays the same. */
const unescaped = (text: string): string =>
  text.replace(/[<>&\u2028\u2029]/g, (char) => JSON_ESCAPES[char] ?? '')
const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

const goTexts = ({ args, headers }: Message): Partial<Message> => ({
  unknown: [],
  args: args.map((arg) => ({ ...arg, value: unescaped(arg.value) })),
  headers:
    headers === undefined
      ? undefined
      : new Map(
          [...headers]
            .toSorted(([one], [other]) => byBytes(one, other))
            .map(([key, value]) => [key, unescaped(value)]),
        ),
})

const fork = (from: Message): Partial<Message> => ({ ...goTexts(from), eta: '' })

const upstream = (from: Message): Partial<Message> => ({
  ...goTexts(from),
  delayNs: 0n,
  ingestionTime: '',
  firstReceived: '',
  receivedAt: '',
  attemptCount: 0,
  splitSpan: false,
  noBackend: false,
  transport:
    (from.transport?.sqsReceiptHandle ?? '') === ''
      ? undefined
      : {
          sqsReceiptHandle: from.transport?.sqsReceiptHandle ?? '',
          sqsMessageId: '',
          azureMessageId: '',
          azurePopReceipt: '',
          azureMessageContent: '',
        },
})

describe('messages', () => {
  it.each([
    ['compact', everything],
    ['full', everything],
    ['full-fork', fork],
    ['full-upstream', upstream],
  ] as const)('survive the form %s', (form, carried) => {
    fc.assert(
      fc.property(message, (original) => {
        const body = encodeMessage(original, form)
        const decoded = decodeMessage(body)
        expect(reduce(decoded, everything)).toEqual(reduce(original, carried))
        expect(encodeMessageText(decoded)).toBe(Buffer.from(body).toString())
        expect([...(decoded.headers?.keys() ?? [])]).toEqual([
          ...(reduce(original, carried).headers?.keys() ?? []),
        ])
      }),
    )
  })

  it('mean the same to any JSON parser in the compact and the full form', () => {
    const zero = JSON.parse(encodeMessageText(EMPTY_MESSAGE, 'full')) as Record<string, unknown>
    const filled = (value: Record<string, unknown>): Record<string, unknown> => {
      const known = Object.fromEntries(WIRE_FIELDS.map(({ name }) => [name, value[name] ?? zero[name]]))
      for (const name of ['OnSuccess', 'OnError', 'ChordCallback']) {
        const nested = known[name]
        if (Array.isArray(nested)) known[name] = nested.map(filled)
        else if (nested !== null) known[name] = filled(nested as Record<string, unknown>)
      }
      known['Args'] = (known['Args'] as object[] | null)?.map((arg) => ({ Name: '', ...arg })) ?? null
      return { ...value, ...known }
    }
    fc.assert(
      fc.property(message, (original) => {
        const parse = (text: string) => JSON.parse(text) as Record<string, unknown>
        const [compact, full] = [encodeMessageText(original, 'compact'), encodeMessageText(original, 'full')]
        fc.pre(!KEY_THAT_V8_MISTAKES.test(full))
        expect(filled(parse(compact))).toEqual(filled(parse(full)))
      }),
    )
  })

  it('keep the text of headers, arguments and unknown keys through a re-publish', () => {
    fc.assert(
      fc.property(jsonText, (value) => {
        const document = `{"Headers":{"h":${value}},"Args":[{"Type":"t","Value":${value}}],"Unknown":${value}}`
        const again = decodeMessageText(
          encodeMessageText(withMessage(decodeMessageText(document), { retryCount: 1 })),
        )
        expect(again.headers?.get('h')).toBe(value)
        expect(again.args[0]?.value).toBe(value)
        expect(again.unknown).toEqual([['Unknown', value]])
      }),
    )
  })
})
