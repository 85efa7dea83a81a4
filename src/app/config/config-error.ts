import { MachineryError } from '../../core/errors.ts'
import { redactUrl } from '../../core/redact-url.ts'
import { shown } from '../../task/option-error.ts'
import { closestName } from './closest-name.ts'
import { splitName } from './config-key.ts'
import type { ValueKind } from './value-kind.ts'
import { YamlScalar } from './yaml-scalar.ts'

const MOST_NAMES = 12

/** `ERR_OPTION_INVALID` for a value that a key may not have. `place` is the file, or what kind of source it is. */
export function wrongValue(
  place: string,
  name: string,
  value: unknown,
  kind: ValueKind,
  right: string,
): MachineryError {
  return configError(`${place}: ${name} is ${shownValue(value, kind)}; ${right} is right`, name)
}

/**
 * `ERR_OPTION_INVALID` for a name that no key has: a misspelt key must not be a default in disguise.
 * @param mayBeValue the name may be the rest of a value that lacks its quotes: then it is shown only where a key is near, as one that
 * looks like a part of a URL
 */
export function unknownName(
  place: string,
  name: string,
  known: readonly string[],
  mayBeValue: boolean = false,
): MachineryError {
  const closest = closestName(name, known)
  const isOfUrl = /[:/@]/.test(name)
  if (closest === undefined && (mayBeValue || isOfUrl)) {
    const what = isOfUrl ? 'that looks like a part of a URL' : 'between braces'
    const text = `${place}: a name ${what} is unknown; quotes around a text with a comma or a colon are right`
    return configError(text)
  }
  const right = closest === undefined ? `known are ${listed(name, known)}` : `did you mean ${closest}?`
  return configError(`${place}: ${shownText(name)} is unknown; ${right}`, shownText(name))
}

/** The names in the section of a name; in none that is known, all. */
function listed(name: string, known: readonly string[]): string {
  const { section } = splitName(name)
  const beside = known.filter((one) => splitName(one).section === section)
  const near = beside.length > 0 ? beside : known
  return `${near.slice(0, MOST_NAMES).join(', ')}${near.length > MOST_NAMES ? ' and others' : ''}`
}

/** `ERR_OPTION_INVALID` of the configuration. */
export function configError(text: string, key?: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', text, key === undefined ? {} : { details: { key } })
}

/** A value as errors show it: nothing that might be a secret. */
export function shownValue(value: unknown, kind: ValueKind): string {
  const given: unknown = value instanceof YamlScalar ? value.text : value
  if (typeof given !== 'string') return shown(given)
  if (kind.shown === 'hidden') return 'a text that is not shown'
  if (kind.shown === 'url' && given !== '') return redactUrl(given)
  return JSON.stringify(shownText(given))
}

const MOST_CHARACTERS = 80

/** Anything may be a URL that came into the wrong place. */
export function shownText(text: string): string {
  if (/:\/\/|@/.test(text)) return redactUrl(text)
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}
