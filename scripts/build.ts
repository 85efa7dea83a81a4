import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, stepRunner } from './step-runner.ts'

// Compiles src into a dist that holds nothing from an earlier build.
rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
using runner = stepRunner({ budgetMs: 120_000 })
const result = await runner.run({ name: 'tsc', command: ['tsc', '-p', 'tsconfig.build.json'] })
process.exitCode = result.outcome === 'passed' ? 0 : 1
