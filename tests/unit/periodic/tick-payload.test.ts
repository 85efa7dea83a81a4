import { describe, expect, it } from 'vitest'

import { DEFAULT_WIRE_LIMITS, wireLimits } from '../../../src/core/wire/limits.ts'
import { decodePayload, encodePayload } from '../../../src/periodic/tick-payload.ts'
import { codeOf } from './code-of.ts'

const bodies = ['{"UUID":"a","Name":"add"}', '{"UUID":"b","Name":"ümlaut ☃","RoutingKey":"q"}'].map((text) =>
  Buffer.from(text),
)
const decode = (payload: Uint8Array, limits = DEFAULT_WIRE_LIMITS) => decodePayload(payload, limits)

describe('the payload of a tick', () => {
  it('holds messages, or none', () => {
    expect(decode(encodePayload(bodies)).map(({ uuid, name }) => [uuid, name])).toEqual([
      ['a', 'add'],
      ['b', 'ümlaut ☃'],
    ])
    expect(decode(encodePayload([]))).toEqual([])
  })

  it('is read where it lies within a larger buffer', () => {
    const payload = encodePayload(bodies)
    const larger = new Uint8Array(payload.byteLength + 20)
    larger.set(payload, 7)
    expect(decode(larger.subarray(7, 7 + payload.byteLength))).toHaveLength(2)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another form', Buffer.from('MQT2')],
    ['half of a length', Buffer.from('MQT1\0\0')],
    ['a length beyond the end', Buffer.from('MQT1\xff\xff\xff\xff{}', 'latin1')],
    ['a message cut short', encodePayload(bodies).subarray(0, -1)],
    ['no message', encodePayload([Buffer.from('[]')])],
  ])('that is %s is refused', (_, payload) => {
    expect(codeOf(() => decode(payload))).toBe('ERR_DECODE')
  })

  it('is read within the limits of messages', () => {
    expect(codeOf(() => decode(encodePayload(bodies), wireLimits({ maxBytes: 30 })))).toBe(
      'ERR_LIMIT_EXCEEDED',
    )
  })
})
