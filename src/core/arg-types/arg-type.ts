import { MachineryError } from '../errors.ts'
import type { JsonText } from '../message.ts'
import { excerpt } from '../wire/decode-error.ts'
import { goFormat } from './go-format.ts'

/** How values of one Go type stand on the wire (go-core 2). Stateless; safe to share. */
export interface ArgType<T> {
  /** Go's name, as it stands in `Type`. */
  readonly typeName: string
  /** @throws `ERR_ENCODE` when the value has no representation in this type. */
  encode(value: T): JsonText
  /**
   * Reads valid JSON text of one value. Never converts between strings, numbers and booleans.
   * @throws `ERR_DECODE` with Machinery's text (go-core 2.2, 2.3) when it is not of this type.
   */
  decode(text: JsonText): T
}

/** The error for a value that is not of its declared type: `<value in Go's formatting> is not <type>`. */
export function notOfType(text: JsonText, typeName: string): MachineryError {
  return conversionError(`${goFormat(text)} is not ${typeName}`, typeName)
}

/** An `ERR_DECODE` for a value of `typeName`. */
export function conversionError(message: string, typeName: string): MachineryError {
  return new MachineryError('ERR_DECODE', message, { details: { type: typeName } })
}

/** The error of Go's strconv for a literal; `func` is its function, such as `ParseInt`. */
export function strconvError(
  func: string,
  literal: string,
  reason: string,
  typeName: string,
): MachineryError {
  return conversionError(`strconv.${func}: parsing "${excerpt(literal)}": ${reason}`, typeName)
}

/** The error for a value that a type cannot represent. `rule` says what would be right. */
export function notEncodable(value: unknown, typeName: string, rule: string): MachineryError {
  return new MachineryError('ERR_ENCODE', `${showValue(value)} is not ${typeName}: it must be ${rule}`, {
    details: { type: typeName, value },
  })
}

/** A value as it is shown in errors, cut to 100 characters. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(excerpt(value))
  if (typeof value === 'bigint') return `${excerpt(String(value))}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value)
    ? 'an array'
    : `an object (${Object.prototype.toString.call(value).slice(8, -1)})`
}
