import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { addCounts, countSteps, countVitest, summaryLine } from '../../../scripts/counts.ts'
import type { StepResult } from '../../../scripts/step-runner.ts'
import { countNested } from '../../support/nested-vitest.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'machinery-ts-counts-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function step(outcome: StepResult['outcome']): StepResult {
  return { name: 'x', outcome, durationMs: 1 }
}

describe('counts', () => {
  it('counts a step that was cut as failed', () => {
    const counts = countSteps([step('passed'), step('failed'), step('cut')])
    expect(summaryLine(addCounts(counts, { passed: 10, failed: 0, skipped: 3 }))).toBe(
      '11 passed, 2 failed, 3 skipped',
    )
  })

  it('never takes a run without a passed test for a success', () => {
    const file = join(temporaryFolder(), 'counts.json')
    expect(countVitest(file, step('passed'))).toEqual({ passed: 0, failed: 1, skipped: 0 })
    writeFileSync(file, '{"passed":0,"failed":0,"skipped":4}')
    expect(countVitest(file, step('passed'))).toEqual({ passed: 0, failed: 1, skipped: 4 })
    writeFileSync(file, '{"passed":7,"failed":0,"skipped":0}')
    expect(countVitest(file, step('passed'))).toEqual({ passed: 7, failed: 0, skipped: 0 })
    expect(countVitest(file, step('failed'))).toEqual({ passed: 7, failed: 1, skipped: 0 })
    writeFileSync(file, '{"passed":7,"failed":2,"skipped":0}')
    expect(countVitest(file, step('failed'))).toEqual({ passed: 7, failed: 2, skipped: 0 })
  })
})

const FILES = {
  good: `import { it } from 'vitest'\nit('a', () => {})\nit.skip('b', () => {})\nit.todo('c')`,
  bad: `import { it } from 'vitest'\nit('a', () => { throw new Error('x') })`,
  broken: `throw new Error('x')`,
  empty: ``,
  hook: `import { beforeAll, describe, it } from 'vitest'
describe('d', () => { beforeAll(() => { throw new Error('x') }); it('a', () => {}) })`,
  unhandled: `import { it } from 'vitest'
it('a', () => { void Promise.reject(new Error('x')) })`,
}

describe('summary reporter', () => {
  it.each([
    ['good', { passed: 1, failed: 0, skipped: 2 }],
    ['bad', { passed: 0, failed: 1, skipped: 0 }],
    ['broken', { passed: 0, failed: 1, skipped: 0 }],
    ['empty', { passed: 0, failed: 1, skipped: 0 }],
    ['hook', { passed: 0, failed: 1, skipped: 1 }],
    ['unhandled', { passed: 1, failed: 1, skipped: 0 }],
  ] as const)(
    'counts a %s file',
    async (kind, counts) => expect(await countNested(FILES[kind])).toEqual(counts),
    60_000,
  )
})
