import type { GoValue } from '../go-program.ts'

/** Arguments that Go is told to send: an integer is an int64, a text a string. */
export function goArgs(...values: readonly (bigint | string)[]): readonly GoValue[] {
  return values.map((value) =>
    typeof value === 'bigint'
      ? { type: 'int64', value: String(value) }
      : { type: 'string', value: JSON.stringify(value) },
  )
}

/** What Go answers for one integer. */
export function goInt64(value: bigint): readonly GoValue[] {
  return [{ type: 'int64', value: String(value) }]
}

/** Beyond what a number of JavaScript holds: 2^53 + 1. */
export const BIG: bigint = 2n ** 53n + 1n
