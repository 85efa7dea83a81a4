/** A scalar of a YAML file as it was written: what it means, the schema says, not the parser. */
export class YamlScalar {
  readonly text: string
  /** Written without quotes. */
  readonly isPlain: boolean

  constructor(text: string, isPlain: boolean) {
    this.text = text
    this.isPlain = isPlain
  }

  /** `~`, `null` or nothing: the key is as if it were not there. */
  get isNull(): boolean {
    return this.isPlain && /^(?:~|null|Null|NULL)?$/.test(this.text)
  }
}

/** A value without a schema, for the arguments that brokers define: as Go's YAML library reads it. */
export function plainValue(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plainValue)
  if (!(node instanceof YamlScalar)) {
    return typeof node === 'object' && node !== null
      ? Object.fromEntries(Object.entries(node).map(([key, value]) => [key, plainValue(value)]))
      : node
  }
  if (node.isNull) return null
  return node.isPlain ? untypedValue(node.text) : node.text
}

/** What a text without quotes means where no schema says it: a whole number, a decimal, a boolean, else itself. */
export function untypedValue(text: string): unknown {
  const integer = goInteger(text)
  if (integer !== undefined) return integer
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text)
  return yamlBoolean(text) ?? text
}

/** Go's `strconv.ParseInt` with base 0, and what its YAML library takes: `0x10`, `010`, `0o10`, `0b11`, `1_000`. */
export function goInteger(text: string): number | undefined {
  const match = /^([-+]?)(0[xX]_?|0[bB]_?|0[oO]_?|0_?)?(?:([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*))?$/.exec(text)
  if (match === null) return undefined
  const [, sign = '', prefix = '', grouped = ''] = match
  const digits = grouped.replaceAll('_', '')
  if (digits === '') return prefix === '0' ? 0 : undefined
  const radix = RADIX[prefix.replace('_', '').toLowerCase()] ?? 10
  if (!DIGITS[radix]?.test(digits)) return undefined
  const value = Number.parseInt(digits, radix) * (sign === '-' ? -1 : 1)
  return Number.isSafeInteger(value) ? value + 0 : undefined
}

const RADIX: Readonly<Record<string, number>> = { '0x': 16, '0b': 2, '0o': 8, '0': 8 }
const DIGITS: Readonly<Record<number, RegExp>> = {
  2: /^[01]+$/,
  8: /^[0-7]+$/,
  10: /^\d+$/,
  16: /^[\da-f]+$/i,
}

/** The words for true and false of YAML 1.1, which Go's library reads. */
export function yamlBoolean(text: string): boolean | undefined {
  if (/^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/.test(text)) return true
  if (/^(?:n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/.test(text)) return false
  return undefined
}

/** The words of Go's `strconv.ParseBool`, which environment variables have. */
export function goBoolean(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false
  return undefined
}
