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

const GROUPS = [
  { group: 'embedded', stores: ['memory', 'sqlite process', 'sqlite power'], about: /SQLite 3\..+/ },
  { group: 'redis', stores: ['redis'], about: /Redis \d+\..+, appendonly yes/ },
] as const

it.each(GROUPS)(
  'measures every scenario on every store of $group, in a short form',
  async ({ group, stores, about }) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [BENCH, group, '--short'], {
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    expect(stderr).toBe('')
    const [machineLine = ''] = stdout.split('\n')
    expect(machineLine).toMatch(/^.+, \d+ cores, .+ Node v\d+\.\d+\.\d+, .+, commit .+, load [\d.]+, /)
    expect(machineLine).toMatch(about)
    const rows = rowsOf(stdout)
    const scenarios = new Set(rows.map(({ scenario }) => scenario))
    const kinds = ['enqueue', 'drain', 'round trip', 'lateness']
    expect(kinds.map((kind) => [...scenarios].filter((name) => name.startsWith(kind)).length)).toEqual([
      3, 3, 2, 1,
    ])
    for (const store of stores) {
      expect(rows.filter((row) => row.store === store).length).toBe(store === 'memory' ? 8 : 9)
    }
    for (const { figures } of rows) expect(figures).toMatch(/^[\d.,]*[1-9][\d.,]* /)
  },
)

it('says how it is called when it is called wrongly', async () => {
  const run = promisify(execFile)(process.execPath, [BENCH, 'nothing'])
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm run bench -- embedded|redis'),
  })
})
