import { argTypeOf, decodeArg } from '../core/arg-types/index.ts'
import { MachineryError } from '../core/errors.ts'
import { typed } from '../task/untyped-signature.ts'

/** Types whose values are texts on the wire: after the colon they stand without quotes. */
const TEXTS: ReadonlySet<string> = new Set(['string', 'time.Time', '[]byte', '[]uint8'])
const TYPED = /^([\w.[\]]+):([^]*)$/
const WITH_FRACTION = /^-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)$/

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown

/**
 * The value of an argument of the command line: `TYPE:VALUE` with one of Go's types, else JSON, else the text itself. The types
 * of what is JSON are inferred as in code; a number with a fraction or an exponent is a `float64`, an integer beyond 2^53 is exact.
 * @throws `ERR_OPTION_INVALID` naming the argument whose value is not of the type before its colon
 */
export function argumentValue(text: string): unknown {
  const [, type = '', rest = ''] = TYPED.exec(text) ?? []
  if (argTypeOf(type) !== undefined) return typedArgument(type, rest, text)
  if (WITH_FRACTION.test(text)) return typed('float64', Number(text))
  try {
    return exactJson(text)
  } catch {
    return text
  }
}

/** JSON with integers beyond 2^53 as bigints. @throws SyntaxError */
export function exactJson(text: string): unknown {
  return parseWithSource(text, (_, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
    return /^-?\d+$/.test(source) ? BigInt(source) : value
  })
}

function typedArgument(type: string, rest: string, shown: string): unknown {
  const value = TEXTS.has(type) ? JSON.stringify(rest) : rest.trim()
  try {
    JSON.parse(value)
    return typed(type, decodeArg({ type, value }))
  } catch (cause) {
    const text = `argument ${JSON.stringify(shown.slice(0, 80))} is not of type ${type}; a value of it as JSON after the colon is right`
    throw new MachineryError('ERR_OPTION_INVALID', text, { cause })
  }
}
