import { MachineryError } from '../errors.ts'
import type { JsonText } from '../message.ts'
import { quote } from '../wire/json-text.ts'
import { type ArgType, conversionError, notOfType, showValue } from './arg-type.ts'

/** Nesting up to which a value is written; a message may not be nested deeper anyway. */
const DEEPEST = 512

/** Without any of these a text has neither a key that pollutes prototypes nor a number beyond the doubles. */
const SUSPICIOUS = /__proto__|constructor|\\u|[eE]\+?\d{3}|\d{300}/

const refusePoison = (key: string, value: unknown): unknown => {
  if (value === Infinity || value === -Infinity) {
    throw conversionError('a number in json is out of the range of float64', 'json')
  }
  const isPoisoned =
    key === '__proto__' || (key === 'constructor' && isObject(value) && Object.hasOwn(value, 'prototype'))
  if (isPoisoned) throw conversionError(`key ${key} is not allowed in json`, 'json')
  return value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/**
 * Any JSON value, for tasks of this product only: Go does not know the type. Numbers are doubles. Properties that are
 * undefined are left out; undefined elsewhere, functions, symbols, bigints, `NaN`, infinities, cycles, and objects
 * without a JSON form (Map, Set, typed arrays) are refused with `ERR_ENCODE` naming the path.
 * Reading refuses keys that pollute prototypes.
 */
export const json: ArgType<unknown> = {
  typeName: 'json',
  encode: (value) => write(value, 'value', []),
  decode(text) {
    try {
      return SUSPICIOUS.test(text) ? JSON.parse(text, refusePoison) : JSON.parse(text)
    } catch (error) {
      throw error instanceof MachineryError ? error : notOfType(text, 'json')
    }
  },
}

function write(value: unknown, path: string, parents: object[]): JsonText {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'boolean':
      return String(value)
    case 'number':
      if (!Number.isFinite(value)) break
      return Object.is(value, -0) ? '-0' : String(value)
    case 'object':
      return writeObject(value, path, parents)
    default:
  }
  throw noJson(path, `is ${showValue(value)}, which JSON does not have`)
}

function noJson(path: string, problem: string): MachineryError {
  return new MachineryError('ERR_ENCODE', `${path} ${problem}`, { details: { path } })
}

function writeObject(value: object, path: string, parents: object[]): JsonText {
  if (parents.includes(value)) throw noJson(path, 'contains itself')
  if (parents.length >= DEEPEST) throw noJson(path.slice(0, 100), `is nested more than ${DEEPEST} deep`)
  parents.push(value)
  const text = writeMembers(value, path, parents)
  parents.pop()
  return text
}

function writeMembers(value: object, path: string, parents: object[]): JsonText {
  if (Array.isArray(value)) {
    const elements = Array.from(value as unknown[], (element, index) =>
      write(element, `${path}[${index}]`, parents),
    )
    return `[${elements.join(',')}]`
  }
  if (value instanceof Date && Number.isNaN(value.getTime())) throw noJson(path, 'is an invalid Date')
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return write((value as { toJSON(): unknown }).toJSON(), path, parents)
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    throw noJson(path, `is ${showValue(value)}, which JSON does not have`)
  }
  const members: string[] = []
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${quote(key)}:${write(member, `${path}.${key}`, parents)}`)
  }
  return `{${members.join(',')}}`
}
