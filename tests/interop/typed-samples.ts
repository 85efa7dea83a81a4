import {
  array,
  bool,
  bytes,
  contract,
  float32,
  float64,
  int,
  int16,
  int32,
  int64,
  int8,
  string,
  uint,
  uint16,
  uint32,
  uint64,
  uint8,
  type ArgType,
  type Contract,
} from '../../src/index.ts'

/** A value, and the JSON text that Go writes for it. */
export interface Sample {
  readonly value: unknown
  readonly text: string
}

/** A type of arguments and results with its boundary values. */
export interface TypedSamples {
  /** As messages name it. */
  readonly type: string
  /** As Go's results name it. */
  readonly resultType: string
  readonly argType: ArgType<unknown>
  readonly samples: readonly Sample[]
}

/** Name of the task that answers its argument of that type, as `go/tasks.go` has it. */
export function echoName(type: string): string {
  return `echo_${type.replace('[]', 'slice_')}`
}

/** That task. */
export function echoOf({ type, argType }: TypedSamples): Contract<[unknown], unknown> {
  return contract(echoName(type), { args: [argType], returns: argType })
}

const of = (value: unknown, text: string): Sample => ({ value, text })
const same = (...values: readonly (number | bigint | boolean)[]): readonly Sample[] =>
  values.map((value) => of(value, String(value)))

const MAX_INT64 = 2n ** 63n - 1n
const MAX_UINT64 = 2n ** 64n - 1n
const OVER_2_53 = 2n ** 53n + 1n

const TEXTS: readonly Sample[] = [
  of('', '""'),
  of('plain', '"plain"'),
  of('<b> & "quoted" \\ /', String.raw`"\u003cb\u003e \u0026 \"quoted\" \\ /"`),
  of('\u2028 \u2029', String.raw`"\u2028 \u2029"`),
  of('\0\u0001\b\f\n\r\t\u001f\u007f', '"\\u0000\\u0001\\b\\f\\n\\r\\t\\u001f\u007f"'),
  of('é ☃ 𝄞 \ufffd', '"é ☃ 𝄞 \ufffd"'),
]

const FLOATS_32: readonly Sample[] = [
  of(0, '0'),
  of(-0, '-0'),
  of(Math.fround(0.1), '0.1'),
  of(Math.fround(1 / 3), '0.33333334'),
  of(16_777_216, '16777216'),
  of(Math.fround(3.402_823_5e38), '3.4028235e+38'),
  of(Math.fround(1e-45), '1e-45'),
]

const FLOATS_64: readonly Sample[] = [
  of(0, '0'),
  of(-0, '-0'),
  of(2, '2'),
  of(0.1, '0.1'),
  of(1e-6, '0.000001'),
  of(1e-7, '1e-7'),
  of(1e20, '100000000000000000000'),
  of(1e21, '1e+21'),
  of(Number.MAX_VALUE, '1.7976931348623157e+308'),
  of(Number.MIN_VALUE, '5e-324'),
]

const WIDE = same(0n, -1n, OVER_2_53, -OVER_2_53, MAX_INT64, -MAX_INT64 - 1n)
const WIDE_UNSIGNED = same(0n, OVER_2_53, MAX_INT64, MAX_INT64 + 1n, MAX_UINT64)

const scalar = <T>(argType: ArgType<T>, samples: readonly Sample[]): TypedSamples => ({
  type: argType.typeName,
  resultType: argType.typeName,
  argType,
  samples,
})

const SCALARS: readonly TypedSamples[] = [
  scalar(bool, same(true, false)),
  scalar(int.big, WIDE),
  scalar(int8, same(0, -128, 127)),
  scalar(int16, same(0, -32_768, 32_767)),
  scalar(int32, same(0, -(2 ** 31), 2 ** 31 - 1)),
  scalar(int64.big, WIDE),
  scalar(uint.big, WIDE_UNSIGNED),
  scalar(uint8, same(0, 255)),
  scalar(uint16, same(0, 65_535)),
  scalar(uint32, same(0, 2 ** 32 - 1)),
  scalar(uint64.big, WIDE_UNSIGNED),
  scalar(float32, FLOATS_32),
  scalar(float64, FLOATS_64),
  scalar(string, TEXTS),
]

/** A slice of one of them: empty, each value alone, all together. */
function slice({ argType, samples }: TypedSamples): TypedSamples {
  const all = samples.map(({ value }) => value)
  return {
    ...scalar(array(argType), []),
    samples: [
      of([], '[]'),
      ...samples.map(({ value, text }) => of([value], `[${text}]`)),
      of(all, `[${samples.map(({ text }) => text).join(',')}]`),
    ],
  }
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index)

const BYTES: readonly Sample[] = [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(255, 254), EVERY_BYTE].map(
  (value) => of(value, `"${Buffer.from(value).toString('base64')}"`),
)

const BYTE_SLICES: readonly TypedSamples[] = [
  { type: '[]uint8', resultType: '[]uint8', argType: bytes, samples: BYTES },
  // Go writes the results of both under one name.
  {
    type: '[]byte',
    resultType: '[]uint8',
    argType: { ...bytes, typeName: '[]byte' },
    samples: BYTES,
  },
]

/** All types of arguments that upstream Machinery has (go-core 2.1). */
export const TYPED_SAMPLES: readonly TypedSamples[] = [
  ...SCALARS,
  ...SCALARS.filter(({ type }) => type !== 'uint8').map(slice),
  ...BYTE_SLICES,
]

/** The UUID of the golden message of a type, or of the golden state of one of its samples. */
export function goldenUuid(type: string, index?: number): string {
  return `golden_${echoName(type)}${index === undefined ? '' : `_${index}`}`
}
