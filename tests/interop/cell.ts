import { afterAll, expect, it } from 'vitest'

import type { Interop } from './interop.ts'
import { checkCellResults } from './cell-results.ts'

/** Who sends → who runs; `mixed` where both languages do both. */
export type Direction = 'Go → TypeScript' | 'TypeScript → Go' | 'mixed'

/** One fact that both languages must agree on, shown against the real thing. */
export interface Cell {
  /** The row of the matrix. */
  readonly area: string
  readonly direction: Direction
  readonly name: string
  /** Throws when the fact does not hold. */
  readonly run: (interop: Interop) => Promise<void>
}

/** A test for each cell; in the end, those that passed are compared with the committed results of this store. */
export function testCells(store: string, interop: Interop, cells: readonly Cell[]): void {
  const passed = new Set<Cell>()
  for (const cell of cells) {
    it(`${cell.area}, ${cell.direction}: ${cell.name}`, async ({ onTestFailed }) => {
      onTestFailed(() => console.error(`Go said last:\n${interop.go.lastWords}`))
      await cell.run(interop)
      expect(passed.has(cell)).toBe(false)
      passed.add(cell)
    })
  }
  afterAll(() => {
    // A run of some of the cells tells nothing about the others.
    if (passed.size === cells.length) checkCellResults(store, cells)
  })
}
