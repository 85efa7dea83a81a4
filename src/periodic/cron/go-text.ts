/** What Go's `unicode.IsSpace` answers true for; JavaScript's `\s` lacks U+0085 and has U+FEFF. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
const SPACES = new RegExp(`${SPACE.source}+`)

const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
])

/** As Go's `strings.Fields`: the parts between runs of white space, none of them empty. */
export function fieldsOf(text: string): readonly string[] {
  return text.split(SPACES).filter((part) => part !== '')
}

/** As Go's `strings.TrimSpace`. */
export function trimSpace(text: string): string {
  let from = 0
  let until = text.length
  while (from < until && SPACE.test(text.charAt(from))) from++
  while (until > from && SPACE.test(text.charAt(until - 1))) until--
  return text.slice(from, until)
}

/** As Go's `strconv.Quote`. */
export function quote(text: string): string {
  return `"${Array.from(text, quotedCharacter).join('')}"`
}

function quotedCharacter(character: string): string {
  const escape = ESCAPES.get(character)
  if (escape !== undefined) return escape
  if (PRINTABLE.test(character)) return character
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code < 0x1_00_00 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

/** As the quoting of Go's `time` package: what is not printable ASCII stands as the bytes of its UTF-8. */
export function quoteBytes(text: string): string {
  const shown = Array.from(text, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    if (character >= ' ' && character < '\x80') return character
    return Array.from(Buffer.from(character), (byte) => `\\x${hex(byte, 2)}`).join('')
  })
  return `"${shown.join('')}"`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
