import type { JsonText } from '../message.ts'
import { type ArgType, conversionError, notEncodable, notOfType, strconvError } from './arg-type.ts'

/** A 64-bit integer as a number; `big` reads and writes the same type as a bigint. */
export interface WideIntegerType extends ArgType<number> {
  /** The full range, as bigint. Encodes safe integers too. */
  readonly big: ArgType<bigint>
}

/** Digits up to which an integer literal is certainly exact as a number. */
const SAFE_DIGITS = 15

/** No 64-bit integer has a longer literal. */
const LONGEST = 20

interface Range {
  readonly typeName: string
  readonly least: bigint
  readonly most: bigint
}

function rangeOf(typeName: string, bits: number): Range {
  const size = 1n << BigInt(bits)
  if (typeName.startsWith('u')) return { typeName, least: 0n, most: size - 1n }
  return { typeName, least: -size / 2n, most: size / 2n - 1n }
}

/** The number if the text is an integer of at most 15 digits, else NaN. */
function shortInteger(text: JsonText): number {
  const { length } = text
  const first = text.charCodeAt(0) === 0x2d ? 1 : 0
  if (length === first || length > SAFE_DIGITS) return Number.NaN
  let value = 0
  for (let index = first; index < length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return first === 1 ? 0 - value : value
}

function parseBig(text: JsonText, { typeName, least, most }: Range): bigint {
  if (!/^-?[0-9]/.test(text)) throw notOfType(text, typeName)
  const unsigned = least === 0n
  const parser = unsigned ? 'ParseUint' : 'ParseInt'
  if (!(unsigned ? /^[0-9]+$/ : /^-?[0-9]+$/).test(text)) {
    throw strconvError(parser, text, 'invalid syntax', typeName)
  }
  const value = text.length > LONGEST ? most + 1n : BigInt(text)
  if (value < least || value > most) throw strconvError(parser, text, 'value out of range', typeName)
  return value
}

function parseNumber(text: JsonText, range: Range): number {
  const value = Number(parseBig(text, range))
  if (Number.isSafeInteger(value)) return value
  throw conversionError(
    `${text} does not fit a number exactly: declare ${range.typeName}.big for ${range.typeName} beyond 2^53`,
    range.typeName,
  )
}

function integer(range: Range): ArgType<number> {
  const { typeName } = range
  const least = Math.max(Number(range.least), Number.MIN_SAFE_INTEGER)
  const most = Math.min(Number(range.most), Number.MAX_SAFE_INTEGER)
  const isUnsigned = least === 0
  return {
    typeName,
    encode(value) {
      if (Number.isSafeInteger(value) && value >= least && value <= most) return String(value)
      throw notEncodable(value, typeName, `an integer from ${least} to ${most}`)
    },
    decode(text) {
      const value = shortInteger(text)
      const isWhole = value >= least && value <= most && !(isUnsigned && text.charCodeAt(0) === 0x2d)
      return isWhole ? value : parseNumber(text, range)
    },
  }
}

function bigInteger(range: Range): ArgType<bigint> {
  const { typeName, least, most } = range
  return {
    typeName,
    encode(value: bigint | number) {
      const fits =
        (typeof value === 'bigint' || Number.isSafeInteger(value)) && value >= least && value <= most
      if (fits) return String(value)
      throw notEncodable(value, typeName, `a bigint from ${least} to ${most}`)
    },
    decode: (text) => parseBig(text, range),
  }
}

function wideInteger(typeName: string): WideIntegerType {
  const range = rangeOf(typeName, 64)
  return { ...integer(range), big: bigInteger(range) }
}

/** -128…127. */
export const int8: ArgType<number> = integer(rangeOf('int8', 8))
/** -32,768…32,767. */
export const int16: ArgType<number> = integer(rangeOf('int16', 16))
/** -2^31…2^31-1. */
export const int32: ArgType<number> = integer(rangeOf('int32', 32))
/** Go's `int`, 64 bits. As a number: a literal beyond 2^53 is an error unless `int.big` is used. */
export const int: WideIntegerType = wideInteger('int')
/** 64 bits. As a number: a literal beyond 2^53 is an error unless `int64.big` is used. */
export const int64: WideIntegerType = wideInteger('int64')
/** 0…255. */
export const uint8: ArgType<number> = integer(rangeOf('uint8', 8))
/** 0…65,535. */
export const uint16: ArgType<number> = integer(rangeOf('uint16', 16))
/** 0…2^32-1. */
export const uint32: ArgType<number> = integer(rangeOf('uint32', 32))
/** Go's `uint`, 64 bits; workers of the fork refuse values above 2^63-1. As a number up to 2^53, else `uint.big`. */
export const uint: WideIntegerType = wideInteger('uint')
/** 64 bits; workers of the fork refuse values above 2^63-1. As a number up to 2^53, else `uint64.big`. */
export const uint64: WideIntegerType = wideInteger('uint64')
