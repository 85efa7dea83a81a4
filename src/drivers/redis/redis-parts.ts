/** Bytes of messages in one call: what the server copies without keeping others waiting. */
const BYTES_PER_CALL = 4_194_304

/** A list in parts of at most `size`, each of at most 4 MiB where an item has bytes. One item is a part however large it is. */
export function inParts<T>(
  list: readonly T[],
  size: number,
  bytesOf: (item: T) => number = () => 0,
): readonly (readonly T[])[] {
  const parts: T[][] = []
  let part: T[] = []
  let bytes = 0
  for (const item of list) {
    bytes += bytesOf(item)
    if (part.length === size || (part.length > 0 && bytes > BYTES_PER_CALL)) {
      parts.push(part)
      part = []
      bytes = bytesOf(item)
    }
    part.push(item)
  }
  if (part.length > 0) parts.push(part)
  return parts
}
