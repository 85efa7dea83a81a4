import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ROOT } from '../../../scripts/step-runner.ts'
import { codeBlocks, pages, type CodeBlock } from '../../support/markdown.ts'

const NO_CHECK = /^ts no-check: \S/
const PLANTED: CodeBlock = {
  path: 'planted.md',
  line: 1,
  info: 'ts',
  code: `export const x: number = 'text'`,
}

const blocks = pages(ROOT)
  .flatMap(codeBlocks)
  .filter(({ info }) => /^(ts|typescript|js|javascript)\b/.test(info))
const checked = [...blocks.filter(({ info }) => info === 'ts'), PLANTED]

/** Compiles each block as a module of its own, all in one go, against the sources instead of the build. */
describe('code blocks of the documentation', () => {
  let folder = ''
  let output = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-ts-docs-'))
    mkdirSync(join(folder, 'blocks'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(projectFor(folder)))
    for (const block of checked) writeFileSync(join(folder, fileOf(block)), `${block.code}\nexport {}\n`)
    output = await compile(folder)
  }, 60_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are TypeScript that compiles, or say why not', () => {
    const unclear = blocks.filter(({ info }) => info !== 'ts' && !NO_CHECK.test(info))
    expect(unclear.map(({ path, line, info }) => `${path}:${line} ${info}`)).toEqual([])
  })

  it.each(checked.slice(0, -1).map((block) => [`${block.path}:${block.line}`, block] as const))(
    '%s',
    (_, block) => {
      const lines = output.split('\n').filter((line) => line.includes(fileOf(block)))
      expect(lines).toEqual([])
    },
  )

  it('would be reported when wrong', () => {
    expect(output).toContain(`${fileOf(PLANTED)}(1,14): error TS2322`)
  })

  it('leave no error elsewhere', () => {
    expect(output.split('\n').filter((line) => line.startsWith('error'))).toEqual([])
  })
})

function fileOf({ path, line }: CodeBlock): string {
  return `blocks/${path.replaceAll(/[/.]/g, '-')}-${line}.ts`
}

function projectFor(folder: string): object {
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      paths: {
        'machinery-ts': [join(ROOT, 'src/index.ts')],
        'machinery-ts/testing': [join(ROOT, 'src/testing/index.ts')],
        'machinery-ts/opentelemetry': [join(ROOT, 'src/opentelemetry/index.ts')],
        'machinery-ts/*': [join(ROOT, 'src/drivers/*/index.ts')],
        '*': [join(ROOT, 'node_modules/*')],
      },
    },
    include: [join(folder, 'blocks')],
  }
}

function compile(folder: string): Promise<string> {
  const program = join(ROOT, 'node_modules/.bin/tsc')
  return new Promise((resolve) => {
    execFile(program, ['-p', folder, '--pretty', 'false'], { cwd: folder }, (_error, stdout) =>
      resolve(stdout),
    )
  })
}
