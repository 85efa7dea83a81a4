/** Controls, ends of lines, and what turns the direction of writing. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi

/** A text from outside as a terminal may have it: on one line, and unable to move the cursor or to turn the writing around. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

/** Texts of foreign libraries and modules may quote a URL: it loses its credentials. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(CREDENTIALS, '$1***@')
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const

/** How long something takes or took, for people: `3d`, `2h`, `14m`, `3.2s`, `12ms`. */
export function shortDuration(ms: number): string {
  const size = Math.abs(ms)
  const unit = UNITS.find(([, length]) => size >= length)
  if (unit !== undefined) return `${Math.floor(ms / unit[1])}${unit[0]}`
  return size < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`
}

/** An instant for people, in UTC; empty for none. */
export function instantText(epochMs: number | undefined): string {
  if (epochMs === undefined || !Number.isFinite(epochMs)) return ''
  return new Date(epochMs).toISOString().replace('.000Z', 'Z')
}
