import { describe, expect, it } from 'vitest'
import { signatureDataOf } from '../../../src/task/signature-data.ts'
import { signature } from '../../../src/task/untyped-signature.ts'
import { argumentValue } from '../../../src/cli/argument-values.ts'
import { bulkMessage } from '../../../src/cli/bulk-message.ts'

/** As it goes out. */
function wire(text: string): string {
  const [arg] = signatureDataOf(signature('t', [argumentValue(text)])).args
  return `${arg?.type} ${arg?.value}`
}

describe('an argument of the command line', () => {
  it.each([
    ['1', 'int64 1'],
    ['-5', 'int64 -5'],
    ['1.0', 'float64 1'],
    ['2e3', 'float64 2000'],
    ['9223372036854775807', 'int64 9223372036854775807'],
    ['18446744073709551615', 'uint64 18446744073709551615'],
    ['true', 'bool true'],
    ['hello', 'string "hello"'],
    ['"1"', 'string "1"'],
    ['https://example.org/a:b', 'string "https://example.org/a:b"'],
    ['string:1', 'string "1"'],
    ['string:', 'string ""'],
    ['int32:5', 'int32 5'],
    ['float64:2', 'float64 2'],
    ['uint64:18446744073709551615', 'uint64 18446744073709551615'],
    ['[]float64:[1,2]', '[]float64 [1,2]'],
    ['time.Time:2026-11-24T09:00:00Z', 'time.Time "2026-11-24T09:00:00Z"'],
    ['[1,2]', '[]int64 [1,2]'],
    ['[9007199254740993]', '[]int64 [9007199254740993]'],
    ['{"a":1}', 'json {"a":1}'],
  ])('%s goes out as %s', (text, expected) => expect(wire(text)).toBe(expected))

  it.each(['int32:x', 'int8:300', 'bool:1', 'int64:', 'time.Time:today'])('%s is refused', (text) => {
    expect(() => argumentValue(text)).toThrow(/is not of type/)
  })
})

describe('a line of NDJSON', () => {
  it('has the options of the command', () => {
    const made = bulkMessage(
      '{"task":"t","args":[{"type":"int32","value":1}],"queue":"q","in":"2m","retry":3,"priority":4,"uuid":"u"}',
      {},
    )
    const { uuid, args, options } = signatureDataOf(made)
    expect({ uuid, args, options }).toMatchObject({
      uuid: 'u',
      args: [{ type: 'int32', value: '1' }],
      options: { routingKey: 'q', delayMs: 120_000, retryCount: 3, priority: 4 },
    })
  })

  it.each([
    ['[]', /an object such as/],
    ['{"args":[]}', /task is undefined/],
    ['{"task":"t","in":5}', /in is 5/],
    ['{"task":"t","at":"noon"}', /at is "noon"/],
    ['{"task":"t","retry":"x"}', /retryCount is "x"/],
    ['{"task":"t","args":{}}', /args is an object/],
  ])('%s is refused', (line, text) => expect(() => bulkMessage(line, {})).toThrow(text))
})
