import { splitName } from './config-key.ts'

/** The known name that a misspelt one most likely means; undefined when none is near. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const folded = fold(name)
  const same = known.find((one) => fold(one) === folded)
  if (same !== undefined) return same
  const elsewhere = known.find((one) => fold(splitName(one).name) === fold(splitName(name).name))
  if (elsewhere !== undefined) return elsewhere
  const most = Math.max(1, Math.floor(folded.length / 4))
  let best: { readonly one: string; readonly distance: number } | undefined
  for (const one of known) {
    const distance = editDistance(folded, fold(one))
    if (distance <= most && (best === undefined || distance < best.distance)) best = { one, distance }
  }
  return best?.one
}

/** Case and word marks do not count: `maxIdle`, `max-idle` and `MAX_IDLE` are one. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '')
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let line = 0; line < left.length; line++) {
    const next = [line + 1]
    for (let column = 0; column < right.length; column++) {
      const change = (row[column] ?? 0) + (left[line] === right[column] ? 0 : 1)
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
