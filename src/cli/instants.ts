/** RFC 3339, with a zone: without one it would mean something else on every machine. */
const INSTANT = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/** The epoch ms of `2026-11-24T09:00:00Z`; undefined for a text that is no such instant. */
export function instantOf(text: string): number | undefined {
  const epochMs = INSTANT.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(epochMs) ? undefined : epochMs
}
