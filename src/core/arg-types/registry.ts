import type { Arg } from '../message.ts'
import { type ArgType, conversionError } from './arg-type.ts'
import { array, byteSlice, bytes } from './arrays.ts'
import { excerpt } from '../wire/decode-error.ts'
import {
  int,
  int16,
  int32,
  int64,
  int8,
  uint,
  uint16,
  uint32,
  uint64,
  uint8,
  type WideIntegerType,
} from './integers.ts'
import { json } from './json.ts'
import { bool, float32, float64, string } from './scalars.ts'
import { time } from './times.ts'

type AnyType = ArgType<unknown>

const SCALARS: readonly AnyType[] = [
  bool,
  int8,
  int16,
  int32,
  int,
  int64,
  uint8,
  uint16,
  uint32,
  uint,
  uint64,
  float32,
  float64,
  string,
  time,
]

const BYTES: readonly AnyType[] = [bytes, byteSlice]

/** `bytes` stands last, so that it is what `[]uint8` means. */
function byName(scalars: readonly AnyType[]): ReadonlyMap<string, AnyType> {
  const all = [...scalars, ...scalars.map((type) => array(type)), ...BYTES, json]
  return new Map(all.map((type) => [type.typeName, type]))
}

/** No literal of this length is beyond 2^53. */
const SAFE_LENGTH = 15

/** A number where it is exact, else a bigint. */
function untypedInteger(type: WideIntegerType): AnyType {
  return {
    ...type,
    decode(text) {
      if (text.length <= SAFE_LENGTH) return type.decode(text)
      const exact = type.big.decode(text)
      const value = Number(exact)
      return Number.isSafeInteger(value) ? value : exact
    },
  }
}

const WIDE: ReadonlyMap<string, AnyType> = new Map(
  [int, int64, uint, uint64].map((type) => [type.typeName, untypedInteger(type)]),
)

const TYPES = byName(SCALARS)
const UNTYPED = byName(SCALARS.map((type) => WIDE.get(type.typeName) ?? type))

/** The type of this name; undefined for a name that neither Go nor this product knows. Names are case-sensitive. */
export function argTypeOf(name: string): ArgType<unknown> | undefined {
  return TYPES.get(name)
}

/**
 * The value of an argument or result by the type it names: 64-bit integers as number where that is exact, else as bigint.
 * @throws `ERR_DECODE` with Machinery's text when the type is not supported or the value is not of it.
 */
export function decodeArg(arg: Pick<Arg, 'type' | 'value'>): unknown {
  const type = UNTYPED.get(arg.type)
  if (type === undefined)
    throw conversionError(`${excerpt(arg.type)} is not one of supported types`, arg.type)
  return type.decode(arg.value)
}
