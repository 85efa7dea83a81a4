import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, run, type InstalledPackage } from '../support/installed-package.ts'

const ROOT = join(import.meta.dirname, '../..')
const pkg = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>
}
const specifiers = Object.keys(pkg.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => `machinery-ts${subpath.slice(1)}`)

/** A producer and a worker in one process, through nothing but the public API. */
const PROGRAM = `
import { createServer, task } from 'machinery-ts'
const add = task('add', (...terms) => terms.reduce((sum, term) => sum + term, 0))
const url = process.argv[2]
await using server = await createServer({ broker: url, resultBackend: url, tasks: [add] })
await using worker = await server.startWorker({ name: 'worker', concurrency: 2, noSignals: true })
const sums = await server.sendMany([add(1, 2), add(3, 4, 5)])
console.log(JSON.stringify(await Promise.all(sums.map((sum) => sum.get({ timeoutMs: 20_000 })))))
`

const CONSUMER = `
import { createServer, task, type AsyncResult } from 'machinery-ts'
import * as testing from 'machinery-ts/testing'
import * as memory from 'machinery-ts/memory'
import * as sqlite from 'machinery-ts/sqlite'
export const add = task('add', (a: number, b: number) => a + b)
export async function main(): Promise<number> {
  await using server = await createServer({ broker: 'memory:', resultBackend: 'memory:', tasks: [add] })
  const sum: AsyncResult<number> = await server.send(add(1, 2))
  // @ts-expect-error: the second argument is a number
  await server.send(add(1, 'two'))
  return sum.get()
}
export { testing, memory, sqlite }
`

describe('the packed package', () => {
  let installed: InstalledPackage

  beforeAll(async () => {
    installed = await installPackage(ROOT)
  }, 120_000)

  afterAll(() => installed.remove())

  it('holds the build and the pages for its users, and nothing else', () => {
    const other = installed.files.filter((path) => !/^dist\/.+\.(js|d\.ts)(\.map)?$/.test(path))
    expect(other.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    expect(installed.files).toContain('dist/index.js')
    expect(installed.files).toContain('dist/index.d.ts')
  })

  it.each(specifiers)('import(%s) works with no peer installed', async (specifier) => {
    const code = `console.log(Object.keys(await import('${specifier}')).length)`
    const output = await run(process.execPath, ['--input-type=module', '-e', code], installed.folder)
    expect(output).toMatchObject({ code: 0, stderr: '' })
    expect(Number(output.stdout)).toBeGreaterThan(0)
  })

  it.each(specifiers)('require(%s) works with no peer installed', async (specifier) => {
    const code = `console.log(Object.keys(require('${specifier}')).length)`
    const output = await run(process.execPath, ['--input-type=commonjs', '-e', code], installed.folder)
    expect(output).toMatchObject({ code: 0, stderr: '' })
    expect(Number(output.stdout)).toBeGreaterThan(0)
  })

  it('gives nothing away that is not exported', async () => {
    const code = `await import('machinery-ts/dist/core/errors.js')`
    const output = await run(process.execPath, ['--input-type=module', '-e', code], installed.folder)
    expect(output.stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it.each(['memory:', 'sqlite:./jobs.db'])('runs tasks on %s', async (url) => {
    writeFileSync(join(installed.folder, 'program.js'), PROGRAM)
    const output = await run(process.execPath, ['program.js', url], installed.folder)
    expect(output).toEqual({ code: 0, stdout: '[3,12]\n', stderr: '' })
  })

  it.each(['nodenext', 'bundler'])('has types that compile with module resolution %s', async (resolution) => {
    const compilerOptions = {
      module: resolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution: resolution,
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    }
    writeFileSync(join(installed.folder, 'consumer.ts'), CONSUMER)
    writeFileSync(
      join(installed.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
    )
    const output = await run(
      join(ROOT, 'node_modules/.bin/tsc'),
      ['-p', '.', '--pretty', 'false'],
      installed.folder,
    )
    expect(output).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})
