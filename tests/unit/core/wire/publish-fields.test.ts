import { describe, expect, it } from 'vitest'
import { EMPTY_MESSAGE, type Message } from '../../../../src/core/message.ts'
import { decodeMessageText, encodeMessageText } from '../../../../src/core/wire/message-codec.ts'
import { resolveDelayMs, stripTransport } from '../../../../src/core/wire/publish-fields.ts'
import { nestedSignatures, signatureDepth } from '../../../../src/core/wire/workflow-size.ts'

const message = (fields: Partial<Message>): Message => ({ ...EMPTY_MESSAGE, ...fields })

describe('stripTransport', () => {
  it('takes away what a consumer added, and keeps unknown keys', () => {
    const received = decodeMessageText(
      '{"UUID":"a","Name":"b","IngestionTime":"2026-01-01T00:00:00Z","FirstReceived":"2026-01-01T00:00:00Z",' +
        '"ReceivedAt":"2026-01-01T00:00:00Z","AzureMessageContent":"{}","X":1.0}',
    )
    expect(encodeMessageText(stripTransport(received))).toBe('{"UUID":"a","Name":"b","X":1.0}')
  })

  it('answers the same message when there is nothing to take', () => {
    const clean = decodeMessageText('{"UUID":"a"}')
    expect(stripTransport(clean)).toBe(clean)
  })
})

describe('resolveDelayMs', () => {
  const now = Date.parse('2026-01-01T00:00:00.000Z')
  it.each([
    ['nothing', {}, 0],
    ['Delay', { delayNs: 1_500_000_000n }, 1_500],
    ['part of a millisecond, rounded up', { delayNs: 1n }, 1],
    ['Delay before ETA', { delayNs: 2_000_000n, eta: '2026-01-01T01:00:00Z' }, 2],
    ['ETA', { eta: '2026-01-01T02:00:05+02:00' }, 5_000],
    ['ETA with nanoseconds, rounded up', { eta: '2026-01-01T00:00:01.000000001Z' }, 1_001],
    ['ETA in the past', { eta: '2025-01-01T00:00:00Z' }, 0],
    ['negative Delay', { delayNs: -5n, eta: '2026-01-01T00:00:01Z' }, 1_000],
  ])('%s', (_name, fields, delayMs) => {
    expect(resolveDelayMs(message(fields), now)).toBe(delayMs)
  })
})

describe('the size of a workflow', () => {
  const leaf = message({})
  const chord = message({
    onSuccess: [leaf, leaf],
    onError: [leaf],
    chordCallback: message({ onSuccess: [leaf] }),
  })

  it('counts nested signatures by value, and stops where it may', () => {
    expect(nestedSignatures(leaf)).toBe(0)
    expect(nestedSignatures(chord)).toBe(5)
    expect(nestedSignatures(chord, 3)).toBe(4)
    let doubling = leaf
    for (let depth = 0; depth < 60; depth += 1) doubling = message({ onSuccess: [doubling, doubling] })
    expect(nestedSignatures(doubling, 10_000)).toBe(10_001)
    expect(signatureDepth(doubling)).toBe(61)
  })

  it('measures depth, the message included', () => {
    expect(signatureDepth(leaf)).toBe(1)
    expect(signatureDepth(chord)).toBe(3)
  })
})
