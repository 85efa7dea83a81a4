import { isProblem, type Problem } from './cron-error.ts'
import { parseInteger } from './go-integer.ts'

/** The values that one field of a specification allows. */
export interface Field {
  /** Indexed by value: 1 where it is allowed. */
  readonly allowed: Uint8Array
  /** No value is allowed: a list of nothing (`,`) parses, and never matches. */
  readonly isEmpty: boolean
  /** A part of the list is `*` or `?` with step 1; decides how day-of-month and day-of-week are joined. */
  readonly isStar: boolean
}

/** The values a field may have. */
export interface FieldBounds {
  readonly min: number
  readonly max: number
  readonly names?: ReadonlyMap<string, number>
}

interface Range {
  readonly start: bigint
  readonly end: bigint
  readonly step: bigint
  readonly isStar: boolean
}

/**
 * Reads one field as robfig/cron v3 does: a comma list of `*`, `?`, `N` or `N-M`, each with an optional `/step`. `N/step`
 * means `N-max/step`, empty parts of the list are skipped, and what follows `*-` is not looked at.
 */
export function parseField(text: string, bounds: FieldBounds): Field | Problem {
  const allowed = new Uint8Array(bounds.max + 1)
  let isStar = false
  for (const part of text.split(',')) {
    if (part === '') continue
    const range = parseRange(part, bounds)
    if (isProblem(range)) return range
    const step = range.step > BigInt(bounds.max) ? bounds.max + 1 : Number(range.step)
    for (let value = Number(range.start); value <= Number(range.end); value += step) allowed[value] = 1
    isStar ||= range.isStar
  }
  return { allowed, isEmpty: !allowed.includes(1), isStar }
}

function parseRange(text: string, bounds: FieldBounds): Range | Problem {
  const [span = '', stepText, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreHyphens] = span.split('-')
  const isWild = low === '*' || low === '?'
  const start = isWild ? BigInt(bounds.min) : parseValue(low, bounds)
  if (isProblem(start)) return start
  if (!isWild && moreHyphens.length > 0) return { problem: `too many hyphens: ${text}` }
  let end = start
  if (isWild) end = BigInt(bounds.max)
  else if (high !== undefined) {
    const parsed = parseValue(high, bounds)
    if (isProblem(parsed)) return parsed
    end = parsed
  }
  if (moreSteps.length > 0) return { problem: `too many slashes: ${text}` }
  const step = stepText === undefined ? 1n : parseInteger(stepText)
  if (isProblem(step)) return step
  if (stepText !== undefined && high === undefined) end = BigInt(bounds.max)
  return checkedRange(text, { start, end, step, isStar: isWild && step <= 1n }, bounds)
}

function checkedRange(text: string, range: Range, { min, max }: FieldBounds): Range | Problem {
  const { start, end, step } = range
  if (start < min) return { problem: `beginning of range (${start}) below minimum (${min}): ${text}` }
  if (end > max) return { problem: `end of range (${end}) above maximum (${max}): ${text}` }
  if (start > end) return { problem: `beginning of range (${start}) beyond end of range (${end}): ${text}` }
  if (step === 0n) return { problem: `step of range should be a positive number: ${text}` }
  return range
}

function parseValue(text: string, bounds: FieldBounds): bigint | Problem {
  const named = bounds.names?.get(text.toLowerCase())
  return named === undefined ? parseInteger(text) : BigInt(named)
}
