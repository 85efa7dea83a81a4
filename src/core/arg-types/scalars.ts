import type { JsonText } from '../message.ts'
import { quote } from '../wire/json-text.ts'
import { wellFormed } from '../wire/well-formed.ts'
import { type ArgType, notEncodable, notOfType, strconvError } from './arg-type.ts'

/** true or false; nothing else is converted. */
export const bool: ArgType<boolean> = {
  typeName: 'bool',
  encode(value) {
    if (typeof value === 'boolean') return value ? 'true' : 'false'
    throw notEncodable(value, 'bool', 'true or false')
  },
  decode(text) {
    if (text === 'true') return true
    if (text === 'false') return false
    throw notOfType(text, 'bool')
  },
}

/** Text. Lone surrogates become U+FFFD in both directions, as in Go. */
export const string: ArgType<string> = {
  typeName: 'string',
  encode(value) {
    if (typeof value === 'string') return quote(value)
    throw notEncodable(value, 'string', 'a string')
  },
  decode: (text) => stringOf(text, 'string'),
}

/**
 * The string whose JSON text this is.
 * @throws `ERR_DECODE` when it is the text of something else.
 */
export function stringOf(text: JsonText, typeName: string): string {
  if (text.charCodeAt(0) !== 0x22 || text.length < 2) throw notOfType(text, typeName)
  return text.includes('\\') ? wellFormed(JSON.parse(text) as string) : text.slice(1, -1)
}

function float(typeName: string, round: (value: number) => number, rule: string): ArgType<number> {
  return {
    typeName,
    encode(value) {
      if (typeof value !== 'number') throw notEncodable(value, typeName, rule)
      const rounded = round(value)
      if (!Number.isFinite(rounded)) throw notEncodable(value, typeName, rule)
      return Object.is(rounded, -0) ? '-0' : String(rounded)
    },
    decode(text) {
      if (!isNumber(text)) throw notOfType(text, typeName)
      const value = round(Number(text))
      if (Number.isFinite(value)) return value
      throw strconvError('ParseFloat', text, 'value out of range', typeName)
    },
  }
}

function isNumber(text: JsonText): boolean {
  const first = text.charCodeAt(0)
  return first === 0x2d || (first >= 0x30 && first <= 0x39)
}

/** 32 bits: values are rounded with `Math.fround` in both directions; `NaN`, infinities and overflow are refused. */
export const float32: ArgType<number> = float('float32', Math.fround, 'a finite number below 3.5e38')
/** 64 bits: any finite number; -0 is kept. */
export const float64: ArgType<number> = float('float64', (value) => value, 'a finite number')
