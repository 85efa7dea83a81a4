import { describe, expect, it } from 'vitest'
import { DEFAULT_WIRE_LIMITS, wireLimits } from '../../../../src/core/wire/limits.ts'
import { decodeMessage, decodeMessageText } from '../../../../src/core/wire/message-codec.ts'
import { thrownBy } from '../thrown.ts'

const nest = (levels: number): string => `${'{"ChordCallback":'.repeat(levels)}{}${'}'.repeat(levels)}`
const list = (count: number, item: string): string => Array.from({ length: count }, () => item).join(',')
const headers = (count: number): string =>
  `{"Headers":{${Array.from({ length: count }, (_, index) => `"h${index}":1`).join(',')}}}`

describe('limits on untrusted input', () => {
  it.each([
    ['maxDepth', 513, 512, `{"X":${'['.repeat(100_000)}`],
    ['maxDepth', 513, 512, `{"Args":[{"Type":"json","Value":${'{"a":'.repeat(60_000)}`],
    ['maxSignatureDepth', 129, 128, nest(5_000)],
    ['maxNumberLength', 129, 128, `{"X":${'9'.repeat(129)}}`],
    ['maxNumberLength', 500_000, 128, `{"RetryCount":${'9'.repeat(500_000)}}`],
    ['maxArgs', 16_385, 16_384, `{"Args":[${list(16_385, '{}')}]}`],
    ['maxHeaders', 1_025, 1_024, headers(1_025)],
    ['maxSignatures', 10_001, 10_000, `{"OnError":[${list(10_001, '{}')}]}`],
  ])('%s: %d is above %d', (limit, value, maximum, text) => {
    const error = thrownBy(() => decodeMessageText(text))
    expect(error.code).toBe('ERR_LIMIT_EXCEEDED')
    expect(error.message).toBe(`${limit}: ${value} is above the maximum of ${maximum}`)
    expect(error.details).toEqual({ limit, value, maximum })
  })

  it.each([
    `{"X":${'['.repeat(511)}${']'.repeat(511)}}`,
    nest(127),
    `{"X":${'9'.repeat(128)}}`,
    `{"Args":[${list(16_384, '{}')}]}`,
    headers(1_024),
    `{"OnError":[${list(10_000, '{}')}]}`,
  ])('what is at the limit passes (%#)', (text) => {
    expect(decodeMessageText(text).source).toBe(text)
  })

  it('compares the size in bytes, in both forms', () => {
    const limits = wireLimits({ maxBytes: 20 })
    const text = '{"Name":"ééééé"}'
    expect(decodeMessageText('{"Name":"eeeeeeeee"}', limits).name).toBe('eeeeeeeee')
    expect(thrownBy(() => decodeMessageText(text, limits)).details).toMatchObject({
      limit: 'maxBytes',
      value: 21,
    })
    expect(thrownBy(() => decodeMessage(Buffer.from(text), limits)).details).toMatchObject({ value: 21 })
  })

  it('refuses a body of 100 MB without reading it', () => {
    const error = thrownBy(() => decodeMessage(new Uint8Array(100_000_000)))
    expect(error.details).toMatchObject({ limit: 'maxBytes', value: 100_000_000, maximum: 524_288 })
  })

  it('are checked themselves', () => {
    expect(wireLimits()).toEqual(DEFAULT_WIRE_LIMITS)
    expect(thrownBy(() => wireLimits({ maxArgs: 0 })).message).toContain(
      'maxArgs is 0; it must be an integer from 1',
    )
    expect(thrownBy(() => wireLimits({ maxSignatureDepth: 1_001 })).message).toContain('from 1 to 1000')
    expect(thrownBy(() => wireLimits({ maxSize: 1 } as object)).message).toBe('unknown wire limit maxSize')
  })

  it('reads as deep as the ceiling allows without overflowing the stack', () => {
    const limits = wireLimits({ maxSignatureDepth: 1_000, maxDepth: 100_000 })
    expect(decodeMessageText(nest(999), limits).source).toBe(nest(999))
    const deep = `{"X":${'['.repeat(99_999)}${']'.repeat(99_999)}}`
    expect(decodeMessageText(deep, limits).unknown[0]?.[1].length).toBe(199_998)
  })
})
