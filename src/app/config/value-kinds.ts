import { parseGoDuration } from '../../core/go-duration.ts'
import type { WireForm } from '../../core/wire/message-codec.ts'
import { UNFIT, type ValueKind } from './value-kind.ts'
import { goBoolean, goInteger, plainValue, untypedValue, yamlBoolean, YamlScalar } from './yaml-scalar.ts'

const MS_PER_SECOND = 1_000
const NANOS_PER_MS = 1_000_000n
const MAX_COUNT = 2_147_483_647

/** What the empty text means: a value, the same as no value, or a mistake. */
type Empty = 'keep' | 'unset' | 'refuse'

/** A text. */
export function text(empty: Empty, shown: 'hidden' | 'plain' = 'plain'): ValueKind {
  const read = (value: unknown): unknown => {
    if (typeof value !== 'string' || (value === '' && empty === 'refuse')) return UNFIT
    return value === '' && empty === 'unset' ? undefined : value
  }
  return {
    allowed: empty === 'refuse' ? 'a text that is not empty' : 'a text',
    shown,
    fromYaml: (node) => (node instanceof YamlScalar ? read(node.text) : UNFIT),
    fromText: read,
    fromCode: read,
  }
}

/** The URL of a port, or in code the port itself. `null` means none, where that is allowed; as a text it is empty. */
export function portUrl(empty: 'none' | 'unset' | 'refuse'): ValueKind {
  const read = (value: string): unknown => {
    if (value !== '') return value
    return empty === 'none' ? null : empty === 'unset' ? undefined : UNFIT
  }
  return {
    allowed: empty === 'none' ? 'a URL, or nothing for none,' : 'a URL such as redis://localhost:6379',
    shown: 'url',
    fromYaml: (node) => (node instanceof YamlScalar ? read(node.text) : UNFIT),
    fromText: read,
    fromCode: (value) => {
      if (typeof value === 'string') return read(value)
      if (value === null) return empty === 'none' ? null : UNFIT
      return typeof value === 'object' ? value : UNFIT
    },
  }
}

/** A whole number, or a number where `isWhole` is false. */
export function number(min: number, max: number = MAX_COUNT, isWhole: boolean = true): ValueKind {
  const check = (value: number | undefined): unknown =>
    value !== undefined && value >= min && value <= max && (!isWhole || Number.isInteger(value))
      ? value
      : UNFIT
  return {
    allowed: `a ${isWhole ? 'whole ' : ''}number from ${min}${max === MAX_COUNT ? '' : ` to ${max}`}`,
    fromYaml: (node) => (node instanceof YamlScalar ? check(yamlNumber(node.text)) : UNFIT),
    fromText: (value) => check(isWhole ? goInteger(value) : decimal(value)),
    fromCode: (value) => (typeof value === 'number' ? check(value) : UNFIT),
  }
}

/** A number from `min`, or 0 for none. */
export function zeroOrFrom(min: number): ValueKind {
  const { fromYaml, fromText, fromCode } = number(0, MAX_COUNT, false)
  const check = (value: unknown): unknown =>
    typeof value === 'number' && value > 0 && value < min ? UNFIT : value
  return {
    allowed: `0, or a number from ${min},`,
    fromYaml: (node) => check(fromYaml(node)),
    fromText: (value) => check(fromText(value)),
    fromCode: (value) => check(fromCode(value)),
  }
}

/** Whole seconds in files and variables, as in Go; ms in code. */
export function seconds(zero: 'keep' | 'unset' = 'unset'): ValueKind {
  const whole = number(0)
  const inMs = (value: unknown): unknown =>
    typeof value !== 'number' ? value : value === 0 && zero === 'unset' ? undefined : value * MS_PER_SECOND
  return {
    allowed: `a number of ms from ${zero === 'keep' ? 0 : 1}`,
    allowedInText: `a whole number of seconds from 0${zero === 'unset' ? ', where 0 is the default,' : ''}`,
    fromYaml: (node) => inMs(whole.fromYaml(node)),
    fromText: (value) => inMs(whole.fromText(value)),
    fromCode: number(zero === 'keep' ? 0 : 1, MAX_COUNT, false).fromCode,
  }
}

/** A duration in Go's format, or in a file whole nanoseconds; ms in code. 0 is the default. */
export function goDuration(): ValueKind {
  const inMs = (nanos: bigint): unknown => {
    if (nanos < 0n) return UNFIT
    return nanos === 0n ? undefined : Number(nanos) / Number(NANOS_PER_MS)
  }
  const read = (value: string): unknown => {
    try {
      return inMs(parseGoDuration(value))
    } catch {
      return UNFIT
    }
  }
  return {
    allowed: 'a number of ms from 0',
    allowedInText: "a duration such as 30s or 1h30m, where 0 is the broker's own,",
    fromYaml: (node) => {
      if (!(node instanceof YamlScalar)) return UNFIT
      const nanos = node.isPlain ? goInteger(node.text) : undefined
      return nanos === undefined ? read(node.text) : inMs(BigInt(nanos))
    },
    fromText: read,
    fromCode: number(0, MAX_COUNT * MS_PER_SECOND, false).fromCode,
  }
}

/** true or false, in the words of each place. */
export function flag(): ValueKind {
  const orUnfit = (value: boolean | undefined): unknown => value ?? UNFIT
  return {
    allowed: 'true or false',
    fromYaml: (node) => orUnfit(node instanceof YamlScalar ? yamlBoolean(node.text) : undefined),
    fromText: (value) => orUnfit(goBoolean(value)),
    fromCode: (value) => orUnfit(typeof value === 'boolean' ? value : undefined),
  }
}

/** A flag of Go's whose false is its default, not a wish: it leaves the choice to the driver. In code false means false. */
export function goSwitch(): ValueKind {
  const { fromYaml, fromText, ...inCode } = flag()
  const orUnset = (value: unknown): unknown => (value === false ? undefined : value)
  return {
    ...inCode,
    fromYaml: (node) => orUnset(fromYaml(node)),
    fromText: (value) => orUnset(fromText(value)),
  }
}

/** True when the variable is there, whatever it says, as in Go. */
export function presence(): ValueKind {
  return { ...flag(), allowedInText: 'anything', fromText: () => true }
}

/** One of some words. */
export function oneOf(words: readonly string[]): ValueKind {
  const read = (value: unknown): unknown =>
    typeof value === 'string' && words.includes(value) ? value : UNFIT
  return {
    allowed: `one of ${words.join(', ')}`,
    fromYaml: (node) => read(node instanceof YamlScalar ? node.text : node),
    fromText: read,
    fromCode: read,
  }
}

const WIRE_FORMS: Readonly<Record<WireForm, true>> = {
  compact: true,
  full: true,
  'full-upstream': true,
  'full-fork': true,
}

/** How much of a message or a state is written. */
export function wireForm(): ValueKind {
  return oneOf(Object.keys(WIRE_FORMS))
}

/**
 * Arguments for a broker by name. As a text `k:v,k:v`; there `values` says whether `10` is a number, as a broker wants it that
 * refuses a text, or a text, as in Go.
 */
export function argumentMap(values: 'typed' | 'texts'): ValueKind {
  return {
    allowed: 'a map of arguments',
    allowedInText: 'name:value,name:value',
    allowedInYaml: 'a map of arguments',
    fromYaml: (node) => (isMap(node) ? plainValue(node) : UNFIT),
    fromText: (value) => {
      const pairs = value.trim() === '' ? [] : value.split(',').map((item) => item.split(':'))
      if (pairs.some((pair) => pair.length !== 2)) return UNFIT
      return Object.fromEntries(
        pairs.map(([name = '', item = '']) => [name, values === 'typed' ? untypedValue(item) : item]),
      )
    },
    fromCode: (value) => (isMap(value) ? structuredClone(value) : UNFIT),
  }
}

const QUEUES = 'a name, a list of names, or names with shares above 0,'

/** What a queue list may look like: a name, names in strict order, or names with shares. */
export function queueList(): ValueKind {
  return {
    allowed: QUEUES,
    allowedInText: 'name,name or name=share,name=share',
    allowedInYaml: QUEUES,
    fromYaml: (node) => queues(node instanceof YamlScalar ? node.text : plainValue(node)),
    fromText: queuesOfText,
    fromCode: queues,
  }
}

function queues(value: unknown): unknown {
  if (typeof value === 'string') return queuesOfText(value)
  if (Array.isArray(value))
    return value.length > 0 && value.every((name) => isName(name)) && isUnique(value) ? [...value] : UNFIT
  if (!isMap(value)) return UNFIT
  const shares = Object.entries(value)
  return shares.length > 0 && shares.every(([name, share]) => isName(name) && isShare(share))
    ? { ...value }
    : UNFIT
}

function queuesOfText(value: string): unknown {
  const parts = value.split(',').map((part) => part.trim())
  if (!value.includes('=')) return parts.length === 1 ? single(parts[0]) : queues(parts)
  const shares = parts.map((part) => part.split('='))
  const names = shares.map(([name]) => name)
  if (!isUnique(names) || shares.some((pair) => pair.length !== 2)) return UNFIT
  return queues(Object.fromEntries(shares.map(([name = '', share]) => [name, decimal(share ?? '')])))
}

function single(name: string | undefined): unknown {
  return isName(name) ? name : UNFIT
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== ''
}

function isUnique(names: readonly unknown[]): boolean {
  return new Set(names).size === names.length
}

function isShare(share: unknown): boolean {
  return typeof share === 'number' && Number.isFinite(share) && share > 0
}

/** Options of `tls.connect`. In a file the two of Go's that are data; a map that is empty turns TLS on. */
export function tlsOptions(): ValueKind {
  return {
    allowed: 'a map of options of tls.connect',
    allowedInText: 'a map with servername and insecureskipverify',
    shown: 'hidden',
    fromYaml: (node) => {
      if (!isMap(node)) return UNFIT
      const { servername, insecureskipverify, ...others } = node
      const skips = insecureskipverify === undefined ? false : flag().fromYaml(insecureskipverify)
      const name = servername === undefined ? '' : text('keep').fromYaml(servername)
      if (Object.keys(others).length > 0 || skips === UNFIT || name === UNFIT) return UNFIT
      return {
        ...(name === '' ? {} : { servername: name }),
        ...(skips === true ? { rejectUnauthorized: false } : {}),
      }
    },
    fromText: () => UNFIT,
    fromCode: (value) => (isMap(value) ? value : UNFIT),
  }
}

/** An object of names and values, not an array, a date or an instance of a class. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || value instanceof YamlScalar) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Go's library takes a decimal without a fraction for a whole number too: `1e3`. */
function yamlNumber(value: string): number | undefined {
  return goInteger(value) ?? decimal(value.replaceAll('_', ''))
}

function decimal(value: string): number | undefined {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value) ? Number(value) : undefined
}
