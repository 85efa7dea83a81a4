import type { Figure, Result } from './harness.ts'

const COLUMNS: readonly (readonly [title: string, width: number, cell: (result: Result) => string])[] = [
  ['scenario', -40, ({ scenario }) => scenario],
  ['store', -16, ({ store }) => store],
  ['tasks/s or ms', 14, (result) => main(result)],
  ['least to most', 20, (result) => spread(result)],
  ['required', 10, (result) => wanted(result)],
  ['', -7, (result) => verdict(result)],
  ['CPU s/10k', 10, ({ cpuSecondsPer10k }) => cpuSecondsPer10k.median.toFixed(3)],
]

/** The results as a table for people. Rates are tasks per second; round trips and lateness are p50 and p99 in ms. */
export function resultTable(results: readonly Result[]): string {
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, COLUMNS[index]?.[1] ?? 0))
      .join(' ')
      .trimEnd()
  return [
    line(COLUMNS.map(([title]) => title)),
    ...results.map((result) => line(COLUMNS.map(([, , cell]) => cell(result)))),
    '',
  ].join('\n')
}

function pad(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width)
}

function main({ tasksPerSecond, p50Ms, p99Ms }: Result): string {
  if (p50Ms === undefined || p99Ms === undefined) return rate(tasksPerSecond.median)
  return `${ms(p50Ms.median)} / ${ms(p99Ms.median)}`
}

function spread({ tasksPerSecond, p50Ms }: Result): string {
  const of = (figure: Figure, text: (value: number) => string): string =>
    `${text(figure.least)} to ${text(figure.most)}`
  return p50Ms === undefined ? of(tasksPerSecond, rate) : of(p50Ms, ms)
}

function wanted({ required, requiredP99Ms }: Result): string {
  if (requiredP99Ms !== undefined) return `p99 < ${requiredP99Ms}`
  return required === undefined ? '' : required.toLocaleString('en')
}

function verdict({ tasksPerSecond, required, p99Ms, requiredP99Ms }: Result): string {
  if (p99Ms !== undefined && requiredP99Ms !== undefined) return p99Ms.median < requiredP99Ms ? 'ok' : 'ABOVE'
  if (required === undefined) return ''
  return tasksPerSecond.median >= required ? 'ok' : 'BELOW'
}

function rate(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function ms(value: number): string {
  return value.toFixed(2)
}
