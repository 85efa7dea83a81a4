const FNV_PRIME = 0x01000193
const FNV_OFFSET = 0x811c9dc5

/**
 * A value that tells which task made it, in which run, and from which arguments in which order: short however deep the tree is,
 * since the arguments are in it as a digest.
 */
export function labelledValue(label: string, run: number, args: readonly string[]): string {
  return `${label}#${run}(${argumentsDigest(args)})`
}

/** The label and the digest of a value; undefined for a text that is none. */
export function readLabelledValue(
  value: string,
): { readonly label: string; readonly run: number; readonly digest: string } | undefined {
  const match = /^(?<label>\w+)#(?<run>\d+)\((?<digest>[0-9a-f]*)\)$/.exec(value)?.groups
  if (match === undefined) return undefined
  return { label: match['label'] ?? '', run: Number(match['run']), digest: match['digest'] ?? '' }
}

/** FNV-1a over the arguments in order; empty for none. */
export function argumentsDigest(args: readonly string[]): string {
  if (args.length === 0) return ''
  let hash = FNV_OFFSET
  for (const arg of args) {
    for (let index = 0; index < arg.length; index++) hash = Math.imul(hash ^ arg.charCodeAt(index), FNV_PRIME)
    hash = Math.imul(hash ^ 0x7c, FNV_PRIME)
  }
  return (hash >>> 0).toString(16)
}
