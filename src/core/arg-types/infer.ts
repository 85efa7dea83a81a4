import { MachineryError } from '../errors.ts'
import type { JsonText } from '../message.ts'
import type { ArgType } from './arg-type.ts'
import { array, bytes } from './arrays.ts'
import { int64, uint64 } from './integers.ts'
import { json } from './json.ts'
import { bool, float64, string } from './scalars.ts'
import { time } from './times.ts'

/** A value with the type that was chosen for it. */
export interface InferredArg {
  readonly type: string
  readonly value: JsonText
}

type AnyType = ArgType<unknown>

const MOST_INT64 = 2n ** 63n - 1n

/** The type of a value that has one of its own, else undefined. */
function scalarType(value: unknown): AnyType | undefined {
  switch (typeof value) {
    case 'boolean':
      return bool
    case 'string':
      return string
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? int64 : float64
    case 'bigint':
      return value > MOST_INT64 ? uint64.big : int64.big
    default:
      return value instanceof Date ? time : undefined
  }
}

const ELEMENTS: readonly AnyType[] = [bool, string, int64, float64, int64.big, uint64.big, time]
const SLICES = new Map<AnyType, AnyType>(ELEMENTS.map((type) => [type, array(type)]))

/** The type of a slice of both, if there is one: integers widen to floats, and to the range that holds them. */
function common(one: AnyType, other: AnyType): AnyType | undefined {
  if (one === other) return one
  const both = [one, other]
  if (both.includes(float64) && both.includes(int64)) return float64
  if (both.includes(int64.big) && both.includes(int64)) return int64.big
  if (both.includes(uint64.big) && (both.includes(int64) || both.includes(int64.big))) return uint64.big
  return undefined
}

function sliceType(values: readonly unknown[]): AnyType | undefined {
  let type: AnyType | undefined
  for (const value of values) {
    const scalar = scalarType(value)
    if (scalar === undefined) return undefined
    type = type === undefined ? scalar : common(type, scalar)
    if (type === undefined) return undefined
  }
  return type === undefined ? undefined : SLICES.get(type)
}

/** The type that is chosen for a value; `json` when no type of Go fits. */
function typeFor(value: unknown): AnyType {
  const scalar = scalarType(value)
  if (scalar !== undefined) return scalar
  if (value instanceof Uint8Array) return bytes
  return (Array.isArray(value) ? sliceType(value) : undefined) ?? json
}

/**
 * Chooses a type for a value and encodes it: boolean → `bool`, safe integer → `int64`, other number → `float64`,
 * bigint → `int64`, or `uint64` above 2^63-1, string → `string`, Date → `time.Time`, Uint8Array → `[]uint8`, an array of
 * one of these (mixed integers and fractions are `[]float64`) → its slice; everything else, an empty array included,
 * → `json`.
 * @throws `ERR_ENCODE` naming the path when the value has no representation, such as undefined, a function or `NaN`.
 */
export function inferArg(value: unknown): InferredArg {
  const type = typeFor(value)
  try {
    return { type: type.typeName, value: type.encode(value) }
  } catch (error) {
    throw withPath(error, value)
  }
}

/** Names the place of what cannot be encoded; errors of `json` do so already. */
function withPath(error: unknown, value: unknown): unknown {
  if (!(error instanceof MachineryError) || 'path' in error.details) return error
  const isFault = (element: unknown): boolean => Object.is(element, error.details['value'])
  const path = Array.isArray(value) ? `value[${value.findIndex(isFault)}]` : 'value'
  return new MachineryError('ERR_ENCODE', `${path}: ${error.message}`, {
    details: { ...error.details, path },
  })
}
