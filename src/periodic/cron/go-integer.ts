import type { Problem } from './cron-error.ts'
import { quote } from './go-text.ts'

const MAX_UINT64 = 2n ** 64n - 1n
const MAX_INT64 = 2n ** 63n - 1n
const MAX_UINT64_DIGITS = 20

/**
 * A whole number from 0 to 2^63 - 1 as robfig/cron reads it: a sign and leading zeros are allowed (`+5`, `007`, `-0`).
 * The problem has Go's text for what is no number, below zero or too large.
 */
export function parseInteger(text: string): bigint | Problem {
  const isNegative = text.startsWith('-')
  const unsigned = isNegative || text.startsWith('+') ? text.slice(1) : text
  const digits = /^\d*/.exec(unsigned)?.[0] ?? ''
  const significant = digits.replace(/^0+/, '')
  // Go stops at the digit that overflows, before it has seen what follows.
  if (significant.length > MAX_UINT64_DIGITS || BigInt(significant || '0') > MAX_UINT64) {
    return atoiProblem(text, 'value out of range')
  }
  if (digits === '' || digits.length < unsigned.length) return atoiProblem(text, 'invalid syntax')
  const value = BigInt(significant || '0')
  if (value > (isNegative ? MAX_INT64 + 1n : MAX_INT64)) return atoiProblem(text, 'value out of range')
  if (isNegative && value > 0n) return { problem: `negative number (-${value}) not allowed: ${text}` }
  return value
}

function atoiProblem(text: string, what: string): Problem {
  return { problem: `failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: ${what}` }
}
