import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  array,
  type ArgType,
  bool,
  bytes,
  decodeArg,
  float32,
  float64,
  inferArg,
  int,
  int16,
  int32,
  int64,
  int8,
  json,
  string,
  time,
  uint,
  uint16,
  uint32,
  uint64,
  uint8,
} from '../../../src/core/arg-types/index.ts'
import { isMachineryError } from '../../../src/core/errors.ts'
import { jsonText, text } from './message-arbitrary.ts'

const wide = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0),
)
const unsigned = fc.oneof(fc.maxSafeNat(), fc.constantFrom(Number.MAX_SAFE_INTEGER, 0))
const bits = (from: bigint, to: bigint) => fc.oneof(fc.bigInt(from, to), fc.constantFrom(from, to))
const date = fc
  .date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  .filter((value) => value.getUTCFullYear() >= 0)
const finite = { noNaN: true, noDefaultInfinity: true }

interface TypeCase {
  readonly type: ArgType<unknown>
  readonly values: fc.Arbitrary<unknown>
}
const typeCase = <T>(type: ArgType<T>, values: fc.Arbitrary<T>): TypeCase => ({ type, values })

const SCALARS: readonly TypeCase[] = [
  typeCase(bool, fc.boolean()),
  typeCase(int8, fc.integer({ min: -128, max: 127 })),
  typeCase(int16, fc.integer({ min: -32_768, max: 32_767 })),
  typeCase(int32, fc.integer()),
  typeCase(int, wide),
  typeCase(int64, wide),
  typeCase(int.big, bits(-(2n ** 63n), 2n ** 63n - 1n)),
  typeCase(int64.big, bits(-(2n ** 63n), 2n ** 63n - 1n)),
  typeCase(uint8, fc.integer({ min: 0, max: 255 })),
  typeCase(uint16, fc.integer({ min: 0, max: 65_535 })),
  typeCase(uint32, fc.integer({ min: 0, max: 4_294_967_295 })),
  typeCase(uint, unsigned),
  typeCase(uint64, unsigned),
  typeCase(uint.big, bits(0n, 2n ** 64n - 1n)),
  typeCase(uint64.big, bits(0n, 2n ** 64n - 1n)),
  typeCase(float32, fc.float(finite)),
  typeCase(float64, fc.double(finite)),
  typeCase(string, text),
  typeCase(time, date),
]
const ALL: readonly TypeCase[] = [
  ...SCALARS,
  ...SCALARS.map(({ type, values }) => typeCase(array(type), fc.array(values))),
  typeCase(bytes, fc.uint8Array()),
]

describe('argument types', () => {
  it.each(ALL.map(({ type, values }, index) => [`${index} ${type.typeName}`, type, values] as const))(
    'round trip: %s',
    (_name, type, values) => {
      fc.assert(
        fc.property(values, (value) => {
          const encoded = type.encode(value)
          expect(() => JSON.parse(encoded) as unknown).not.toThrow()
          expect(type.decode(encoded)).toStrictEqual(value)
        }),
      )
    },
  )

  it('inferred values come back equal, read by their type', () => {
    const values = fc.oneof(
      ...SCALARS.map((each) => each.values),
      ...SCALARS.map((each) => fc.array(each.values, { minLength: 1 })),
      fc.uint8Array(),
    )
    const same = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)
    fc.assert(
      fc.property(values, (value) => {
        const { type, value: encoded } = inferArg(value)
        const read = decodeArg({ type, value: encoded })
        expect(Array.isArray(read) ? read.map(same) : same(read)).toEqual(
          Array.isArray(value) ? value.map(same) : same(value),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('json round trips what JSON can hold, and agrees with the engine', () => {
    const keys = fc.string().filter((key) => key !== '__proto__' && key !== 'constructor')
    fc.assert(
      fc.property(
        fc.jsonValue({ noUnicodeString: false }),
        fc.dictionary(keys, fc.double(finite)),
        (value, doubles) => {
          const whole = [value, doubles]
          if (JSON.stringify(value).includes('__proto__')) return
          expect(json.decode(json.encode(whole))).toEqual(whole)
          expect(JSON.parse(json.encode(value))).toEqual(value)
        },
      ),
    )
  })

  it('int64.big reads every integer of 64 bits and nothing else', () => {
    const read = (literal: string): bigint | undefined => {
      try {
        return int64.big.decode(literal)
      } catch (error) {
        if (isMachineryError(error, 'ERR_DECODE')) return undefined
        throw error
      }
    }
    const expected = (literal: string): bigint | undefined => {
      if (!/^-?\d+$/.test(literal)) return undefined
      const value = BigInt(literal)
      return BigInt.asIntN(64, value) === value ? value : undefined
    }
    fc.assert(
      fc.property(fc.oneof(fc.bigInt().map(String), jsonText), (literal) => {
        expect(read(literal)).toBe(expected(literal))
      }),
    )
  })
})
