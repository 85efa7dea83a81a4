import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'vitest'

import type { Cell } from './cell.ts'

const FOLDER = join(import.meta.dirname, 'results')

/**
 * Compares the cells that passed with `results/<store>.json`, from which the table in `docs/interop.md` is made. With
 * `INTEROP_RESULTS=write` in the environment the file is written instead.
 */
export function checkCellResults(store: string, passed: readonly Cell[]): void {
  const file = join(FOLDER, `${store}.json`)
  const text = `${JSON.stringify(
    passed.map(({ area, direction, name }) => ({ area, direction, name })),
    null,
    2,
  )}\n`
  if (process.env['INTEROP_RESULTS'] === 'write') writeFileSync(file, text)
  else expect(text, `INTEROP_RESULTS=write renews ${file}`).toBe(readFileSync(file, 'utf8'))
}
