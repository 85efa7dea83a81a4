import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../../src/core/wire/message-codec.ts'
import { resolveDelayMs } from '../../../src/core/wire/publish-fields.ts'
import {
  decodeArguments,
  decodeResults,
  definitionOf,
  encodeResult,
  task,
  toMessage,
} from '../../../src/task/index.ts'

const NOW = Date.parse('2026-05-01T12:00:00.000Z')
const any = task('any', (...values: unknown[]) => values)

const day = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const value = fc.oneof(
  scalar,
  day,
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.uint8Array(),
  fc.array(fc.string({ unit: 'grapheme' })),
  fc.array(fc.integer()),
  fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(scalar, fc.constant(null), fc.array(scalar))),
)

const options = fc.record(
  {
    uuid: fc.stringMatching(/^u[\w.:-]{1,50}$/),
    delayMs: fc.integer({ min: 0, max: 10 ** 10 }),
    routingKey: fc.stringMatching(/^[a-z]{1,8}$/),
    priority: fc.integer({ min: 0, max: 255 }),
    headers: fc.dictionary(fc.stringMatching(/^x[a-z]{0,8}$/), fc.string({ unit: 'grapheme' })),
    retryCount: fc.nat(),
    immutable: fc.boolean(),
    noResult: fc.boolean(),
    softLimitMs: fc.integer({ min: 1, max: 10 ** 6 }),
    brokerMessageGroupId: fc.stringMatching(/^[a-z]{1,8}$/),
  },
  { requiredKeys: [] },
)

it('arguments and options come back from the wire as they were given', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), options, options, (values, given, callback) => {
      const signature = any(...values).with({ ...given, onSuccess: [any().with(callback)] })
      const sent = toMessage(signature, { nowMs: NOW })
      const { source: _text, ...received } = decodeMessage(encodeMessage(sent))
      expect(decodeArguments(definitionOf(any), received.args)).toEqual(values)
      expect(received).toMatchObject({
        uuid: signature.uuid,
        eta: sent.eta,
        priority: given.priority ?? 0,
        retryCount: given.retryCount ?? 0,
        noBackend: given.noResult ?? false,
      })
      expect([...(received.headers ?? [])]).toEqual([...(sent.headers ?? [])])
      expect(resolveDelayMs(sent, NOW)).toBe(given.delayMs ?? 0)
      expect(resolveDelayMs(received.onSuccess[0] ?? sent, NOW + 99)).toBe(callback.delayMs ?? 0)
    }),
  )
})

it('results come back as they were returned', () => {
  fc.assert(
    fc.property(value, (returned) => {
      expect(decodeResults(definitionOf(any), encodeResult(definitionOf(any), returned))).toEqual(returned)
    }),
  )
})
