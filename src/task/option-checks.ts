import { optionError } from './option-error.ts'

/** Int64 nanoseconds hold no more. */
const MAX_DELAY_MS = 9_223_372_036_854
/** The last millisecond of the year 9999, where RFC 3339 ends. */
const MAX_EPOCH_MS = 253_402_300_799_999
const MAX_COUNT = 2_147_483_647
const UUID = /^[\w.:-]{1,200}$/
/** They would reach the prototype of a plain object (spec: reliability 7.2). */
export const RESERVED_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype']

/** Each answers the value in its settled form, or throws `ERR_OPTION_INVALID` naming `option`. */
export type OptionCheck<T> = (value: unknown, option: string) => T

export const flag: OptionCheck<boolean> = (value, option) => {
  if (typeof value === 'boolean') return value
  throw optionError(option, value, 'true or false')
}

export const count: OptionCheck<number> = (value, option) => integer(value, option, 0, MAX_COUNT)

export const priority: OptionCheck<number> = (value, option) => integer(value, option, 0, 255)

/** A timer of 0 ms would end a run before it began. */
export const limitMs: OptionCheck<number> = (value, option) => integer(value, option, 1, MAX_EPOCH_MS)

function integer(value: unknown, option: string, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  throw optionError(option, value, `a whole number from ${min} to ${max}`)
}

export const delayMs: OptionCheck<number> = (value, option) => {
  if (typeof value === 'number' && value >= 0 && value <= MAX_DELAY_MS) return value
  throw optionError(option, value, `a number of milliseconds from 0 to ${MAX_DELAY_MS}`)
}

export const instant: OptionCheck<number> = (value, option) => {
  const epochMs = value instanceof Date ? value.getTime() : value
  if (typeof epochMs === 'number' && epochMs >= 0 && epochMs <= MAX_EPOCH_MS) return epochMs
  throw optionError(option, value, 'a Date or epoch milliseconds between the years 1970 and 9999')
}

export const uuid: OptionCheck<string> = (value, option) => {
  if (typeof value === 'string' && UUID.test(value) && !RESERVED_NAMES.includes(value)) return value
  throw optionError(option, value, 'a text of 1 to 200 letters, digits and _ . : -')
}

export const text: OptionCheck<string> = (value, option) => {
  if (typeof value === 'string' && value !== '') return value
  throw optionError(option, value, 'a text that is not empty')
}
