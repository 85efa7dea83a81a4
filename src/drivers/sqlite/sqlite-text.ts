// Texts that anybody may have written are stored as JSON: Node 22 cuts a TEXT at its first NUL character when it reads it,
// and half of a surrogate pair has no UTF-8.

/** Any string, as a text that comes back to the letter. */
export function encodeText(text: string): string {
  return JSON.stringify(text)
}

/** What `encodeText` was given. */
export function decodeText(encoded: string): string {
  return JSON.parse(encoded) as string
}
