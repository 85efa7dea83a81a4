import { MachineryError } from '../errors.ts'
import type { JsonText } from '../message.ts'
import { splitArray } from '../wire/json-array.ts'
import { type ArgType, notEncodable, notOfType } from './arg-type.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { uint8 } from './integers.ts'
import { stringOf } from './scalars.ts'

/** The texts of the elements; unsigned elements may also come as base64, one per byte (go-core 2.2). */
function elementsOf(text: JsonText, typeName: string, isUnsigned: boolean): readonly JsonText[] {
  if (text === 'null') return []
  if (text.startsWith('[')) return splitArray(text)
  if (!isUnsigned || !text.startsWith('"')) throw notOfType(text, typeName)
  return Array.from(decodeBase64(stringOf(text, typeName), typeName), String)
}

function bytesType(typeName: string): ArgType<Uint8Array> {
  return {
    typeName,
    encode(value) {
      if (value instanceof Uint8Array) return `"${encodeBase64(value)}"`
      throw notEncodable(value, typeName, 'a Uint8Array')
    },
    decode(text) {
      if (text.startsWith('"')) return decodeBase64(stringOf(text, typeName), typeName)
      return Uint8Array.from(elementsOf(text, typeName, false), (element) => uint8.decode(element))
    },
  }
}

/** Go's `[]uint8`, base64 on the wire; an array of integers is read too. */
export const bytes: ArgType<Uint8Array> = bytesType('[]uint8')

/** `bytes` under its other name, which Go accepts for arguments and never writes. */
export const byteSlice: ArgType<Uint8Array> = bytesType('[]byte')

/**
 * A slice of one of the scalar types. `null` is read as empty. `array(uint8)` is base64 on the wire, as `bytes` is.
 * @throws `ERR_OPTION_INVALID` for a type that has no slice: slices, `json`.
 */
export function array<T>(of: ArgType<T>): ArgType<T[]> {
  const typeName = `[]${of.typeName}`
  if (of.typeName.startsWith('[]') || of.typeName === 'json') {
    throw new MachineryError('ERR_OPTION_INVALID', `${typeName} is not one of supported types: use json`, {
      details: { type: typeName },
    })
  }
  const isUnsigned = of.typeName.startsWith('uint')
  return {
    typeName,
    encode(values) {
      if (!Array.isArray(values)) throw notEncodable(values, typeName, 'an array')
      const texts = values.map((value) => of.encode(value))
      return of.typeName === 'uint8' ? bytes.encode(Uint8Array.from(texts, Number)) : `[${texts.join(',')}]`
    },
    decode: (text) => elementsOf(text, typeName, isUnsigned).map((element) => of.decode(element)),
  }
}
