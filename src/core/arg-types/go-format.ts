import type { JsonText } from '../message.ts'
import { excerpt } from '../wire/decode-error.ts'

/** A number that keeps its literal while the rest of the text is parsed. */
class NumberLiteral {
  readonly literal: string
  constructor(literal: string) {
    this.literal = literal
  }
}

/** What `JSON.parse` hands to a reviver besides key and value. */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

const keepLiterals: SourceReviver = (_key, value, context) =>
  typeof value === 'number' ? new NumberLiteral(context.source ?? String(value)) : value

/**
 * A JSON value in Go's default formatting, as it stands in Machinery's conversion errors: `<nil>`, `map[a:1]`, `[1 2]`,
 * strings without quotes, numbers by their literal. Cut to 100 characters.
 */
export function goFormat(text: JsonText): string {
  if (text === 'null') return '<nil>'
  if (text.length > LONGEST || !/^\s*["[{]/.test(text)) return excerpt(text)
  try {
    return excerpt(formatted(JSON.parse(text, keepLiterals as (key: string, value: unknown) => unknown)))
  } catch {
    return excerpt(text)
  }
}

/** Longer values are shown as the start of their text: formatting them would cost more than it tells. */
const LONGEST = 4_096

function formatted(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(formatted).join(' ')}]`
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return value === true ? 'true' : 'false'
  if (value instanceof NumberLiteral) return value.literal
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `map[${members.map(([key, member]) => `${key}:${formatted(member)}`).join(' ')}]`
}
