import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

const BENCH = join(import.meta.dirname, '../../bench/bench.ts')
const LIMIT_MS = 60_000

/** Rows of the table: scenario and store in columns of fixed width, then the figures. */
function rowsOf(output: string): readonly { scenario: string; store: string; figures: string }[] {
  const lines = output.split('\n')
  const start = lines.findIndex((line) => line.startsWith('scenario'))
  return lines
    .slice(start + 1)
    .filter((line) => line !== '')
    .map((line) => ({
      scenario: line.slice(0, 40).trim(),
      store: line.slice(41, 57).trim(),
      figures: line.slice(58).trim(),
    }))
}

it('measures every scenario on every embedded store, in a short form', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [BENCH, 'embedded', '--short'], {
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^.+, \d+ cores, .+ Node v\d+\.\d+\.\d+, SQLite 3\..+, commit .+, load [\d.]+$/m)
  const rows = rowsOf(stdout)
  const scenarios = new Set(rows.map(({ scenario }) => scenario))
  expect([...scenarios].filter((name) => name.startsWith('enqueue'))).toHaveLength(3)
  expect([...scenarios].filter((name) => name.startsWith('drain'))).toHaveLength(3)
  expect([...scenarios].filter((name) => name.startsWith('round trip'))).toHaveLength(2)
  for (const store of ['memory', 'sqlite process', 'sqlite power']) {
    expect(rows.filter((row) => row.store === store).length).toBe(store === 'memory' ? 7 : 8)
  }
  for (const { figures } of rows) expect(figures).toMatch(/^[\d.,]*[1-9][\d.,]* /)
})

it('says how it is called when it is called wrongly', async () => {
  const run = promisify(execFile)(process.execPath, [BENCH, 'nothing'])
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm run bench -- embedded'),
  })
})
