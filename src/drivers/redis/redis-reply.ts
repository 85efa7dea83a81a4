/** Names and values of a hash, or members and scores: a flat list, or the object that the library makes of one. */
export function textPairs(reply: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(reply)) {
    const entries = Object.entries(reply as Readonly<Record<string, unknown>>)
    return new Map(entries.map(([name, value]) => [name, String(value)]))
  }
  const pairs = new Map<string, string>()
  for (let at = 0; at + 1 < reply.length; at += 2) pairs.set(String(reply[at]), String(reply[at + 1]))
  return pairs
}
