import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { OffsetSpan, TimeZone } from '../../../src/periodic/cron/time-zone.ts'

// What robfig/cron answered; made by scripts/cron-fixtures, whose README describes the files.

const FOLDER = join(import.meta.dirname, '../../fixtures/cron')

/** A specification with the error text, or with null and its first activations in epoch seconds. */
export type GrammarLine = readonly [spec: string, error: string] | readonly [string, null, readonly number[]]

/** Three days before and after one change of the offset; chains and queries stand in the order of the specifications. */
export interface Window {
  /** Epoch seconds. */
  readonly from: number
  /** The first query, in seconds after that. */
  readonly first: number
  readonly chains: readonly string[]
  readonly queries: readonly string[]
}

/** A zone as Go's copy of the tz database has it. */
export interface ZoneLine {
  readonly zone: string
  /** Epoch seconds, offset before and after in seconds. */
  readonly changes: readonly (readonly [at: number, before: number, after: number])[]
  readonly windows: readonly Window[]
}

/** The first line of the zones. */
export interface ZonesHead {
  readonly tzdata: string
  readonly specs: readonly string[]
  readonly days: number
  readonly querySeconds: number
  readonly never: number
  readonly hangs: number
}

/** The grammar table. */
export function readGrammar(): { afterMs: number; lines: readonly GrammarLine[] } {
  const [head, ...lines] = parseLines(readFileSync(join(FOLDER, 'grammar.jsonl'), 'utf8'))
  return { afterMs: (head as { afterMs: number }).afterMs, lines: lines as readonly GrammarLine[] }
}

/** The zones. */
export function readZones(): { head: ZonesHead; zones: readonly ZoneLine[] } {
  const [head, ...zones] = parseLines(gunzipSync(readFileSync(join(FOLDER, 'dst.jsonl.gz'))).toString())
  return { head: head as ZonesHead, zones: zones as readonly ZoneLine[] }
}

/** `5 1x2 3` is 5, 6, 7, 10: differences, with how often each stands in a row. */
export function valuesOf(runLengths: string): number[] {
  const values: number[] = []
  let value = 0
  for (const run of runLengths.split(' ')) {
    const [difference = Number.NaN, count = 1] = run.split('x').map(Number)
    for (let n = 0; n < count; n++) values.push((value += difference))
  }
  return values
}

/** The zone that Go knew, from its changes. */
export function zoneOfChanges({ zone, changes }: ZoneLine): TimeZone {
  const spans: OffsetSpan[] = changes.map(([at, , after], index) => ({
    from: at * 1_000,
    until: (changes[index + 1]?.[0] ?? Infinity) * 1_000,
    offset: after * 1_000,
  }))
  const [at, before] = changes[0] ?? [Infinity, 0]
  spans.unshift({ from: -Infinity, until: at * 1_000, offset: before * 1_000 })
  let latest = spans[0] as OffsetSpan
  return {
    name: zone,
    spanAt(epochMs) {
      if (epochMs >= latest.from && epochMs < latest.until) return latest
      latest = spans.find(({ until }) => epochMs < until) as OffsetSpan
      return latest
    },
  }
}

function parseLines(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}
