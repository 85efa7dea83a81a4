import { MachineryError } from '../core/errors.ts'

const SHOWN_CHARACTERS = 80

/** `ERR_OPTION_INVALID` that names the option, the value it has and what would be right. */
export function optionError(option: string, value: unknown, right: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', `${option} is ${shown(value)}; ${right} is right`, {
    details: { option },
  })
}

/** A value as it stands in an error text: short, on one line, without its contents where they may be large. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const isLong = value.length > SHOWN_CHARACTERS
    return JSON.stringify(isLong ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value)
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString()
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  return 'an object'
}

/** Refuses keys that no option has: a misspelt option must not be silently without effect. */
export function refuseUnknownKeys(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `${what} has the unknown option ${shown(key)}; known are ${known.join(', ')}`,
      { details: { option: key } },
    )
  }
}
