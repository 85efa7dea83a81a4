import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { ERROR_CODES } from '../src/core/error-codes.ts'
import {
  dependencyProblems,
  driverNames,
  errorCodeProblems,
  exportProblems,
  layerProblems,
  lengthProblems,
  nameProblems,
  sourceFiles,
  type PackageJson,
} from './support/architecture.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['src', 'tests', 'scripts', 'bench', 'examples']

const sources = sourceFiles(ROOT, 'src')
const files = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
  sourceFiles(ROOT, folder),
)
const pkg = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson
const drivers = driverNames(readdirSync(join(ROOT, 'src/drivers')))

describe('layers', () => {
  it('holds', () => {
    expect(sources.length).toBeGreaterThan(10)
    expect(sources.flatMap(layerProblems)).toEqual([])
  })

  it.each([
    ['src/core/deep/x.ts', `import { a } from '../../drivers/redis/index.ts'`],
    ['src/core/deep/x.ts', `export const a = await import('../../drivers/redis/index.ts')`],
    ['src/core/x.ts', `export { a } from '../server/index.ts'`],
    ['src/core/x.ts', `import type { A } from '../task/task.ts'`],
    ['src/core/x.ts', `import {\n  a,\n  b,\n} from "../task/task.ts"`],
    ['src/core/x.ts', `import { connect } from 'node:net'`],
    ['src/core/x.ts', `import pino from 'pino'`],
    ['src/task/x.ts', `import '../server/index.ts'`],
    ['src/workflow/x.ts', `import '../server/index.ts'`],
    ['src/server/x.ts', `import '../worker/index.ts'`],
    ['src/server/x.ts', `import pino from 'pino'`],
    ['src/worker/x.ts', `import '../drivers/memory/index.ts'`],
    ['src/periodic/x.ts', `import '../worker/index.ts'`],
    ['src/drivers/redis/x.ts', `import '../memory/index.ts'`],
    ['src/drivers/redis/scripts/x.ts', `import '../../memory/index.ts'`],
    ['src/drivers/redis/x.ts', `import '../../server/index.ts'`],
    ['src/drivers/shared/x.ts', `import '../memory/index.ts'`],
    ['src/drivers/shared/x.ts', `import Redis from 'ioredis'`],
    ['src/app/x.ts', `import '../drivers/shared/x.ts'`],
    ['src/testing/x.ts', `import '../drivers/shared/x.ts'`],
    ['src/testing/x.ts', `import '../drivers/sqlite/index.ts'`],
    ['src/testing/x.ts', `import '../server/index.ts'`],
    ['src/app/x.ts', `import '../testing/index.ts'`],
    ['src/app/x.ts', `import { sqliteStore } from '../drivers/sqlite/index.ts'`],
    ['src/app/x.ts', `import { openTelemetry } from '../opentelemetry/index.ts'`],
    ['src/worker/x.ts', `import type { RunRelation } from '../opentelemetry/index.ts'`],
    ['src/opentelemetry/x.ts', `import '../worker/worker.ts'`],
    ['src/index.ts', `export { memoryStore } from './drivers/memory/index.ts'`],
    ['src/index.ts', `export { fakeClock } from './testing/index.ts'`],
    ['src/elsewhere/x.ts', ''],
  ])('would refuse in %s: %s', (path, text) => {
    expect(layerProblems({ path, text })).toHaveLength(1)
  })

  it.each([
    ['src/core/wire/x.ts', `import { a } from '../errors.ts'\nimport { randomUUID } from 'node:crypto'`],
    ['src/core/x.ts', `/**\n * import { task } from 'machinery-ts'\n */`],
    ['src/worker/x.ts', `import '../server/index.ts'\nimport '../task/index.ts'\nimport 'node:async_hooks'`],
    ['src/drivers/redis/scripts/x.ts', `import '../redis-keys.ts'\nimport Redis from 'ioredis'`],
    ['src/drivers/redis/x.ts', `import { a } from '../../core/errors.ts'`],
    ['src/drivers/redis/x.ts', `import '../shared/x.ts'`],
    ['src/drivers/shared/x.ts', `import '../../core/errors.ts'\nimport 'node:worker_threads'`],
    ['src/testing/x.ts', `import { memoryStore } from '../drivers/memory/index.ts'`],
    ['src/app/x.ts', `const { sqliteStore } = await import('../drivers/sqlite/index.ts')`],
    ['src/app/x.ts', `const { openTelemetry } = await import('../opentelemetry/index.ts')`],
    ['src/opentelemetry/x.ts', `import '../core/telemetry.ts'\nimport { trace } from '@opentelemetry/api'`],
    ['src/app/x.ts', `import { memoryStore } from '../drivers/memory/index.ts'`],
    ['src/app/x.ts', `import type { Store } from '../drivers/sqlite/index.ts'`],
    ['src/index.ts', `export { createServer } from './app/create-server.ts'`],
  ])('would accept in %s: %s', (path, text) => {
    expect(layerProblems({ path, text })).toEqual([])
  })
})

describe('files', () => {
  it('are short', () => {
    expect(lengthProblems(files)).toEqual([])
  })

  it('would be refused when long', () => {
    const text = (lines: number): string => 'x\n'.repeat(lines)
    expect(lengthProblems([{ path: 'src/core/x.ts', text: text(401) }])).toHaveLength(1)
    expect(lengthProblems([{ path: 'src/core/x.ts', text: text(400) }])).toEqual([])
    expect(lengthProblems([{ path: 'tests/unit/x.test.ts', text: text(501) }])).toHaveLength(1)
    expect(lengthProblems([{ path: 'src/drivers/redis/generated/x.ts', text: text(900) }])).toEqual([])
  })

  it('have names that say what is inside', () => {
    expect(nameProblems(files.map((file) => file.path))).toEqual([])
  })

  it.each([
    'src/core/utils.ts',
    'src/core/string-helpers.ts',
    'src/common/x.ts',
    'src/worker/slot-manager.ts',
    'src/core/base.ts',
    'src/core/taskState.ts',
    'tests/unit/Task.test.ts',
  ])('would be refused as %s', (path) => {
    expect(nameProblems([path])).toHaveLength(1)
  })
})

describe('package', () => {
  it('needs nothing that a user did not ask for', () => {
    expect(dependencyProblems(pkg)).toEqual([])
  })

  it('would be refused with a required peer or four dependencies', () => {
    expect(dependencyProblems({ exports: {}, peerDependencies: { ioredis: '5' } })).toHaveLength(1)
    const optional = { ioredis: { optional: true } }
    expect(
      dependencyProblems({ exports: {}, peerDependencies: { ioredis: '5' }, peerDependenciesMeta: optional }),
    ).toEqual([])
    expect(
      dependencyProblems({ exports: {}, dependencies: { a: '1', b: '1', c: '1', d: '1' } }),
    ).toHaveLength(1)
    expect(dependencyProblems({ exports: {}, dependencies: { a: '1', b: '1', c: '1' } })).toEqual([])
  })

  it('exports each driver folder, and only what is there', () => {
    expect(exportProblems(pkg, drivers, (path) => existsSync(join(ROOT, path)))).toEqual([])
  })

  it('would be refused with a wrong export', () => {
    const memory = { types: './dist/drivers/memory/index.d.ts', default: './dist/drivers/memory/index.js' }
    const all = (): boolean => true
    expect(exportProblems({ exports: { './memory': memory } }, ['memory'], all)).toEqual([])
    expect(exportProblems({ exports: { './memory': memory } }, ['memory', 'redis'], all)).toHaveLength(1)
    expect(exportProblems({ exports: { './redis': memory } }, [], all)).toHaveLength(1)
    expect(exportProblems({ exports: { './memory': memory } }, ['memory'], () => false)).toHaveLength(1)
    expect(exportProblems({ exports: { '.': './dist/index.js' } }, [], all)).toHaveLength(1)
  })
})

describe('error codes', () => {
  it('are all on their page', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/errors.md'), 'utf8')
    expect(errorCodeProblems(page, Object.keys(ERROR_CODES))).toEqual([])
  })

  it('would be missed, and found too much', () => {
    expect(errorCodeProblems('| `ERR_A` | x |', ['ERR_A', 'ERR_B'])).toEqual(['ERR_B is not on the page'])
    expect(errorCodeProblems('| `ERR_A` | x |\n| `ERR_C` | x |', ['ERR_A'])).toEqual(['ERR_C does not exist'])
  })
})
