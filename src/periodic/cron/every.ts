import { isMachineryError } from '../../core/errors.ts'
import { parseGoDuration } from '../../core/go-duration.ts'
import type { Problem } from './cron-error.ts'
import { quoteBytes } from './go-text.ts'

const NANOS_PER_SECOND = 1_000_000_000n
const SECOND_MS = 1_000
const PREFIX = '@every '
const UNKNOWN_UNIT = /^time: unknown unit (".*") in duration /

/** The interval of `@every <Go duration>`: whole seconds, rounded down, at least one. */
export interface Every {
  readonly everyMs: number
}

/** Reads `@every 1h30m`; undefined when the descriptor is another one. */
export function parseEvery(descriptor: string): Every | Problem | undefined {
  if (!descriptor.startsWith(PREFIX)) return undefined
  const text = descriptor.slice(PREFIX.length)
  try {
    const seconds = parseGoDuration(text) / NANOS_PER_SECOND
    return { everyMs: Math.max(Number(seconds), 1) * SECOND_MS }
  } catch (error) {
    if (!isMachineryError(error, 'ERR_OPTION_INVALID')) throw error
    return {
      problem: `failed to parse duration ${descriptor}: time: ${kindOf(error.message)} ${quoteBytes(text)}`,
    }
  }
}

/** The first words of Go's text; what follows is the duration, which core shortens and quotes in its own way. */
function kindOf(message: string): string {
  const [, unit] = UNKNOWN_UNIT.exec(message) ?? []
  if (unit !== undefined) return `unknown unit ${quoteBytes(JSON.parse(unit) as string)} in duration`
  return message.startsWith('time: missing unit') ? 'missing unit in duration' : 'invalid duration'
}

/** As Go's `ConstantDelaySchedule.Next`: the second that holds `afterMs`, plus the interval. */
export function nextEvery({ everyMs }: Every, afterMs: number): number {
  return Math.floor(afterMs / SECOND_MS) * SECOND_MS + everyMs
}
