import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { driverMatrix } from '../../../scripts/driver-matrix.ts'
import { driverRows } from '../../../scripts/driver-rows.ts'
import { errorTable } from '../../../scripts/error-table.ts'
import { generatedPages } from '../../../scripts/generated-pages.ts'
import { withSection } from '../../../scripts/generated-section.ts'
import { optionTable } from '../../../scripts/option-table.ts'
import { ROOT } from '../../../scripts/step-runner.ts'
import { driverNames } from '../../support/architecture.ts'

const broker = {
  delay: 'native',
  maxDelayMs: 900_000,
  priority: false,
  leaseExtension: true,
  countsReleases: true,
  countsExactly: true,
  ordering: 'best-effort',
  maxBodyBytes: 262_144,
  shared: true,
  persistent: true,
  inspection: false,
} as const

describe('generated documentation', () => {
  it('is what the code says (npm run docs)', async () => {
    for (const { path, render } of await generatedPages()) {
      const page = readFileSync(join(ROOT, path), 'utf8')
      expect(page, path).toBe(render(page))
    }
  })

  it('has a row for each driver', async () => {
    const rows = await driverRows()
    expect(rows.map(({ driver }) => driver).toSorted()).toEqual(
      driverNames(readdirSync(join(ROOT, 'src/drivers'))).toSorted(),
    )
  })

  it('shows the meaning of each error code', () => {
    expect(errorTable({ ERR_A: { meaning: 'It went wrong.', retryable: true } })).toBe(
      [
        '| Code    | Raised when    | Retryable |',
        '| ------- | -------------- | --------- |',
        '| `ERR_A` | It went wrong. | yes       |',
      ].join('\n'),
    )
  })

  it('shows what a driver has, and leaves blank what it is not', () => {
    const [, , both, backendOnly] = driverMatrix([
      { driver: 'queues', broker, backend: undefined, hasLock: false },
      {
        driver: 'tables',
        broker: undefined,
        backend: { watch: true, shared: true, persistent: true },
        hasLock: true,
      },
    ]).split('\n')
    const cells = (line = ''): string[] =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    expect(cells(both)).toEqual([
      '[queues](docs/drivers/queues.md)',
      'yes',
      'no',
      'no',
      'yes',
      'yes',
      'native, up to 900 s',
      'no',
      'best-effort',
      '256 KiB',
      'no',
      '',
    ])
    expect(cells(backendOnly)).toEqual([
      '[tables](docs/drivers/tables.md)',
      'no',
      'yes',
      'yes',
      'yes',
      'yes',
      '',
      '',
      '',
      '',
      '',
      'yes',
    ])
  })

  it('shows each option with its default', () => {
    const source = `/** Options. */
export interface XOptions<T = A> extends B<'x'> {
  /** Longest wait,
   *  in ms. @default 10 | 20 */
  readonly waitMs?: number
  readonly clock?: Clock
  /** Where. */
  readonly path: string | undefined
}
export interface Other {
  readonly hidden: string
}`
    const rows = optionTable(source, 'XOptions').split('\n').slice(2)
    expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual([
      '| `waitMs` | Longest wait, in ms. | 10 \\| 20 |',
      '| `clock` | A `Clock`. | |',
      '| `path` | Where. | required |',
    ])
    expect(() => optionTable(source, 'Missing')).toThrow('no interface Missing')
  })

  it('refuses a page without the markers', () => {
    expect(() => withSection('# Page', 'x', 'y')).toThrow('no section <!-- generated: x -->')
  })
})
