import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { markdownTable } from './generated-section.ts'

const DIRECTIONS = ['Go → TypeScript', 'TypeScript → Go', 'mixed'] as const

/** A cell of the matrix that passed, as the tests in `tests/interop` write it down. */
export interface PassedCell {
  readonly area: string
  readonly direction: (typeof DIRECTIONS)[number]
  readonly name: string
}

/** How many cells passed, by area and direction: a table for each store. */
export function interopTables(folder: string): string {
  return readdirSync(folder)
    .map((file) => basename(file, '.json'))
    .toSorted()
    .map((store) => {
      const cells = JSON.parse(readFileSync(join(folder, `${store}.json`), 'utf8')) as readonly PassedCell[]
      return interopTable(store, cells)
    })
    .join('\n\n')
}

/** The table of one store. */
export function interopTable(store: string, cells: readonly PassedCell[]): string {
  const count = (some: readonly PassedCell[]): readonly string[] =>
    DIRECTIONS.map((wanted) => shown(some.filter(({ direction }) => direction === wanted).length))
  const areas = [...new Set(cells.map(({ area }) => area))]
  const rows = areas.map((area) => [area, ...count(cells.filter((cell) => cell.area === area))])
  return markdownTable([`${store}: cells passed`, ...DIRECTIONS], [...rows, ['all', ...count(cells)]])
}

function shown(count: number): string {
  return count === 0 ? '' : String(count)
}
