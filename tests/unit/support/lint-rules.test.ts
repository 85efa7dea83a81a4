import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ROOT } from '../../../scripts/step-runner.ts'

interface Planted {
  readonly file: string
  readonly code: string
  /** The rule that must fire; none where the code is allowed. */
  readonly rule: string | undefined
}

const layer = 'eslint(no-restricted-imports)'
const globals = 'eslint(no-restricted-globals)'
const properties = 'eslint(no-restricted-properties)'

const PLANTED: readonly Planted[] = [
  { file: 'src/core/wire/a.ts', code: `import '../../drivers/memory/index.ts'`, rule: layer },
  { file: 'src/core/b.ts', code: `export const late = import('../server/index.ts')`, rule: layer },
  { file: 'src/core/c.ts', code: `import 'node:fs'`, rule: layer },
  { file: 'src/core/d.ts', code: `import './ports/broker.ts'`, rule: undefined },
  { file: 'src/task/a.ts', code: `import '../server/index.ts'`, rule: layer },
  { file: 'src/task/b.ts', code: `import '../core/errors.ts'`, rule: undefined },
  { file: 'src/workflow/a.ts', code: `import '../server/index.ts'`, rule: layer },
  { file: 'src/server/a.ts', code: `import '../worker/index.ts'`, rule: layer },
  { file: 'src/server/b.ts', code: `import '../task/index.ts'`, rule: undefined },
  { file: 'src/worker/a.ts', code: `import '../drivers/memory/index.ts'`, rule: layer },
  { file: 'src/worker/b.ts', code: `import '../server/index.ts'`, rule: undefined },
  { file: 'src/periodic/a.ts', code: `import '../worker/index.ts'`, rule: layer },
  { file: 'src/drivers/memory/a.ts', code: `import '../sqlite/index.ts'`, rule: layer },
  { file: 'src/drivers/memory/b.ts', code: `import '../../task/index.ts'`, rule: layer },
  { file: 'src/drivers/memory/c.ts', code: `import '../../core/errors.ts'`, rule: undefined },
  { file: 'src/drivers/memory/d.ts', code: `import '../shared/a.ts'`, rule: undefined },
  { file: 'src/drivers/shared/b.ts', code: `import '../memory/index.ts'`, rule: layer },
  { file: 'src/drivers/shared/c.ts', code: `import '../../core/errors.ts'`, rule: undefined },
  { file: 'src/testing/a.ts', code: `import '../drivers/sqlite/index.ts'`, rule: layer },
  { file: 'src/testing/b.ts', code: `import 'vitest'`, rule: layer },
  { file: 'src/testing/c.ts', code: `import '../drivers/memory/index.ts'`, rule: undefined },
  { file: 'src/opentelemetry/a.ts', code: `import '../worker/worker.ts'`, rule: layer },
  { file: 'src/opentelemetry/b.ts', code: `import 'node:perf_hooks'`, rule: undefined },
  { file: 'src/opentelemetry/c.ts', code: `import 'node:timers/promises'`, rule: layer },
  { file: 'src/worker/c.ts', code: `import '../opentelemetry/index.ts'`, rule: layer },
  { file: 'src/app/a.ts', code: `import '../testing/index.ts'`, rule: layer },
  { file: 'src/cli/a.ts', code: `import '../testing/index.ts'`, rule: layer },
  { file: 'src/index.ts', code: `export * from './drivers/memory/index.ts'`, rule: layer },
  { file: 'src/server/timer.ts', code: `setTimeout(() => undefined, 1)`, rule: globals },
  { file: 'src/server/interval.ts', code: `setInterval(() => undefined, 1)`, rule: globals },
  { file: 'src/server/now.ts', code: `export const now: number = Date.now()`, rule: properties },
  { file: 'src/server/random.ts', code: `export const die: number = Math.random()`, rule: properties },
  { file: 'src/server/monotonic.ts', code: `export const now: number = performance.now()`, rule: properties },
  { file: 'src/server/timers.ts', code: `import 'node:timers/promises'`, rule: layer },
  { file: 'src/core/clock.ts', code: `export const now: number = Date.now()`, rule: undefined },
  { file: 'src/server/console.ts', code: `console.log('x')`, rule: 'eslint(no-console)' },
  { file: 'src/app/console-logger.ts', code: `console.log('x')`, rule: undefined },
  { file: 'tests/unit/sleep.test.ts', code: `setTimeout(() => undefined, 1)`, rule: globals },
  { file: 'tests/unit/sleep-import.test.ts', code: `import 'node:timers/promises'`, rule: layer },
  { file: 'tests/support/wait.ts', code: `setTimeout(() => undefined, 1)`, rule: undefined },
  { file: 'src/server/any.ts', code: `export const x: any = 1`, rule: 'typescript(no-explicit-any)' },
  {
    file: 'src/server/floating.ts',
    code: `async function f(): Promise<void> {}\nf()\nexport {}`,
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'src/server/misused.ts',
    code: `export function f(p: Promise<boolean>): number { if (p) return 1\nreturn 2 }`,
    rule: 'typescript(no-misused-promises)',
  },
  {
    file: 'src/core/ring-a.ts',
    code: `import { b } from './ring-b.ts'\nexport const a: number = b`,
    rule: 'import(no-cycle)',
  },
  {
    file: 'src/core/ring-b.ts',
    code: `import { a } from './ring-a.ts'\nexport const b: number = a`,
    rule: 'import(no-cycle)',
  },
]

describe('lint rules', () => {
  let folder = ''
  const found = new Map<string, Set<string>>()

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-ts-lint-'))
    for (const name of ['.oxlintrc.json', 'tsconfig.json']) cpSync(join(ROOT, name), join(folder, name))
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const { file, code } of PLANTED) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), `${code}\n`)
    }
    for (const { filename, code } of await lint(folder)) {
      const rules = found.get(filename) ?? new Set()
      found.set(filename, rules.add(code))
    }
  }, 60_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(PLANTED.filter(({ rule }) => rule !== undefined))('refuses what $file has', ({ file, rule }) => {
    expect([...(found.get(file) ?? [])]).toContain(rule)
  })

  it.each(PLANTED.filter(({ rule }) => rule === undefined))('allows what $file has', ({ file }) => {
    const rules = [...(found.get(file) ?? [])]
    expect(rules.filter((rule) => rule.includes('restricted') || rule.includes('console'))).toEqual([])
  })
})

interface Diagnostic {
  readonly filename: string
  readonly code: string
}

function lint(folder: string): Promise<readonly Diagnostic[]> {
  const program = join(ROOT, 'node_modules/.bin/oxlint')
  return new Promise((resolve, reject) => {
    execFile(
      program,
      ['--type-aware', '-f', 'json', 'src', 'tests'],
      { cwd: folder, maxBuffer: 1 << 24 },
      (_error, stdout) => {
        try {
          resolve((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics)
        } catch {
          reject(new Error(`oxlint gave no diagnostics but: ${stdout}`))
        }
      },
    )
  })
}
