import { InvalidArgumentError } from 'commander'
import { errorText } from '../core/errors.ts'
import { parseGoDuration } from '../core/go-duration.ts'
import { instantOf } from './instants.ts'

const NANOS_PER_MS = 1_000_000n
const MAX_COUNT = 2_147_483_647

/** A duration such as `5m` or `1h30m`, in ms. */
export function durationMs(text: string): number {
  try {
    const nanos = parseGoDuration(text)
    if (nanos >= 0n) return Number(nanos / NANOS_PER_MS)
  } catch (error) {
    throw new InvalidArgumentError(errorText(error))
  }
  throw new InvalidArgumentError('It is negative; a duration such as 5m or 1h30m is right.')
}

/** An instant such as `2026-11-24T09:00:00Z`, in epoch ms. */
export function instantMs(text: string): number {
  const epochMs = instantOf(text)
  if (epochMs !== undefined) return epochMs
  throw new InvalidArgumentError(
    'An instant such as 2026-11-24T09:00:00Z or 2026-11-24T10:00:00+01:00 is right.',
  )
}

/** Reads a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number = MAX_COUNT): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is right.`)
  }
}

/** Of an option that may be given several times: all its values. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
