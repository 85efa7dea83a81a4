import { median } from '../statistics.ts'
import type { Peer } from './peers.ts'
import type { Figures } from './scenarios.ts'

/** The rounds of one peer in one scenario. */
export interface Row {
  readonly scenario: string
  readonly peer: string
  readonly rounds: number
  /** Medians. */
  readonly figures: Figures
  readonly least: number
  readonly most: number
  /** What the first peer reaches, against this one: in rates more is better, in times less. */
  readonly ratio: number | undefined
}

const NAMES = [
  'tasksPerSecond',
  'nodeCpuPer10k',
  'serverCpuPer10k',
  'p50Ms',
  'p99Ms',
  'rssMiB',
  'commandsPerTask',
  'bytesPerTask',
] as const satisfies readonly (keyof Figures)[]

/** Medians of all peers that have figures, and the ratio of the first one to each. */
export function summarise(scenario: string, all: ReadonlyMap<Peer, readonly Figures[]>): readonly Row[] {
  const rows: Row[] = []
  let first: Figures | undefined
  for (const [{ name }, rounds] of all) {
    if (rounds.length === 0) continue
    const figures = medians(rounds)
    first ??= figures
    const main = rounds.map(mainFigure)
    const ratio = rows.length === 0 ? undefined : mainFigure(first) / mainFigure(figures)
    rows.push({
      scenario,
      peer: name,
      rounds: rounds.length,
      figures,
      least: Math.min(...main),
      most: Math.max(...main),
      ratio,
    })
  }
  return rows
}

function medians(rounds: readonly Figures[]): Figures {
  const entries = NAMES.flatMap((name) => {
    const values = rounds.flatMap((figures) => figures[name] ?? [])
    return values.length === 0 ? [] : [[name, median(values)] as const]
  })
  return Object.fromEntries(entries) as unknown as Figures
}

const mainFigure = ({ p50Ms, tasksPerSecond }: Figures): number => p50Ms ?? tasksPerSecond

const COLUMNS: readonly (readonly [title: string, width: number, cell: (row: Row) => string])[] = [
  ['', -28, ({ peer }) => peer],
  ['tasks/s or p50/p99 ms', 22, ({ figures }) => mainText(figures)],
  ['least to most', 18, ({ least, most, figures }) => `${text(figures, least)} to ${text(figures, most)}`],
  ['ours/it', 8, ({ ratio }) => (ratio === undefined ? '' : ratio.toFixed(2))],
  ['Node CPU/10k', 13, ({ figures }) => fixed(figures.nodeCpuPer10k, 3)],
  ['server CPU/10k', 15, ({ figures }) => fixed(figures.serverCpuPer10k, 3)],
  ['cmds/task', 10, ({ figures }) => fixed(figures.commandsPerTask, 2)],
  ['B/task', 7, ({ figures }) => fixed(figures.bytesPerTask, 0)],
  ['RSS MiB', 8, ({ figures }) => fixed(figures.rssMiB, 0)],
]

/** The rows of one scenario, for people. */
export function comparisonTable(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = COLUMNS[index]?.[1] ?? 0
        return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
      })
      .join(' ')
      .trimEnd()
  const titles = COLUMNS.map(([title], index) => (index === 0 ? (rows[0]?.scenario ?? '') : title))
  return [line(titles), ...rows.map((row) => line(COLUMNS.map(([, , cell]) => cell(row))))].join('\n')
}

function mainText({ p50Ms, p99Ms, tasksPerSecond }: Figures): string {
  return p50Ms === undefined
    ? Math.round(tasksPerSecond).toLocaleString('en')
    : `${p50Ms.toFixed(2)} / ${fixed(p99Ms, 2)}`
}

const text = ({ p50Ms }: Figures, value: number): string =>
  p50Ms === undefined ? Math.round(value).toLocaleString('en') : value.toFixed(2)

const fixed = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits)
