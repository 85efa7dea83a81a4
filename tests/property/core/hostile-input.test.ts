import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeArg } from '../../../src/core/arg-types/index.ts'
import { isMachineryError } from '../../../src/core/errors.ts'
import { decodeMessage, decodeMessageText, encodeMessageText } from '../../../src/core/wire/message-codec.ts'
import { decodeState } from '../../../src/core/wire/state-codec.ts'
import { jsonText, message } from './message-arbitrary.ts'

/** Whether it was accepted; anything thrown must be ours, and short. */
function accepts(call: () => unknown): boolean {
  try {
    call()
    return true
  } catch (error) {
    if (!isMachineryError(error)) throw error
    if (error.message.length > 300) throw new Error(`too long: ${error.message}`, { cause: error })
    return false
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Texts that are nearly JSON: a few characters removed, replaced or put in. */
const nearly = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      texts,
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.nat({ max: 2 }),
          fc.constantFrom(...Array.from('{}[],:"\\u0e-+.1tfn \n\u0001é'), '', '00', 'null'),
        ),
        { maxLength: 3 },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((edited, [at, removed, inserted]) => {
        const place = at % (edited.length + 1)
        return edited.slice(0, place) + inserted + edited.slice(place + removed)
      }, text),
    )

describe('hostile input', () => {
  it('is JSON to us exactly when it is JSON to the engine', () => {
    fc.assert(
      fc.property(nearly(jsonText), (text) => {
        fc.pre(text.isWellFormed() && !text.includes('__proto__'))
        const document = `{"Headers":{"x":${text}}}`
        const engine = isJson(document)
        fc.pre(!engine || isJson(text))
        expect(accepts(() => decodeMessageText(document))).toBe(engine)
      }),
      { numRuns: 3_000 },
    )
  })

  it('either decodes or throws a MachineryError: every prefix', () => {
    fc.assert(
      fc.property(message, (original) => {
        const text = encodeMessageText(original)
        const step = Math.ceil(text.length / 200)
        for (let end = 0; end < text.length; end += step) {
          expect(accepts(() => decodeMessage(Buffer.from(text.slice(0, end))))).toBe(false)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('either decodes or throws a MachineryError: edited documents', () => {
    fc.assert(
      fc.property(nearly(message.map((original) => encodeMessageText(original, 'full'))), (text) => {
        accepts(() => decodeMessageText(text))
        accepts(() => decodeState(text))
      }),
      { numRuns: 300 },
    )
  })

  it('either decodes or throws a MachineryError: edited bytes', () => {
    const bytes = message.map((original) => Buffer.from(encodeMessageText(original)))
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat({ max: 255 }), (body, at, byte) => {
        const edited = Uint8Array.from(body)
        edited[at % edited.length] = byte
        accepts(() => decodeMessage(edited))
      }),
      { numRuns: 300 },
    )
  })

  it('either decodes or throws a MachineryError: any argument as any type', () => {
    const scalars = ['bool', 'int8', 'int64', 'uint64', 'float32', 'float64', 'string', 'time.Time', 'uint8']
    const types = fc.constantFrom('json', '[]byte', 'x', ...scalars, ...scalars.map((type) => `[]${type}`))
    fc.assert(
      fc.property(types, jsonText, (type, value) => void accepts(() => decodeArg({ type, value }))),
      { numRuns: 2_000 },
    )
  })

  const SIZE = 500_000
  const fill = (unit: string): string => unit.repeat(Math.floor(SIZE / unit.length))
  const keys = (): string => Array.from({ length: 40_000 }, (_, index) => `"${index}":1`).join(',')
  it.each([
    ['open brackets', `{"X":${fill('[')}`],
    ['open objects', `{"X":${fill('{"a":')}`],
    ['open signatures', fill('{"OnSuccess":[')],
    ['white space', `{${fill(' ')}`],
    ['digits', `{"X":${fill('9')}}`],
    ['digits of a counter', `{"RetryCount":${fill('9')}}`],
    ['backslashes', `{"X":"${fill('\\\\')}`],
    ['escapes', `{"Name":"${fill('\\u00e9')}"}`],
    ['a long UUID', `{"UUID":"${fill('a')}"}`],
    ['a long time', `{"ETA":"2026-01-01T00:00:00.${fill('0')}"}`],
    ['a long key', `{"${fill('a')}":1}`],
    ['unknown keys', `{${keys()}}`],
    ['headers', `{"Headers":{${keys()}}}`],
    ['duplicate at the end', `{${keys()},"0":1}`],
    ['empty arguments', `{"Args":[${fill('{},')}`],
    ['arrays in a row', `{"X":[${fill('[],')}[]]}`],
  ])('takes no longer than its size allows: %s', (_name, text) => {
    const start = performance.now()
    accepts(() => decodeMessageText(text))
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})
