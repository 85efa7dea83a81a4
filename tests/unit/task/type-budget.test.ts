import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

/** The compiler's own count, so that the test does not depend on how busy the machine is. */
const MAX_INSTANTIATIONS = 150_000

it('checks a chain of 50, a chord of 1,000 and a mixed group of 1,000 within the budget', () => {
  const args = [TSC, '-p', 'tests/types/tsconfig.budget.json', '--extendedDiagnostics']
  const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  expect(stdout).not.toMatch(/^tests\/types\/.*error TS/m)
  const instantiations = Number(/^Instantiations:\s+(\d+)$/m.exec(stdout)?.[1])
  expect(instantiations).toBeGreaterThan(0)
  expect(instantiations).toBeLessThan(MAX_INSTANTIATIONS)
})
