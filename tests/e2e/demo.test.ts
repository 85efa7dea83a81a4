import { execFile, type ExecFileException } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const DEMO = join(import.meta.dirname, '../../examples/01-embedded/demo.ts')
const LIMIT_MS = 30_000

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

/**
 * Runs the demo with a folder of temporary files of its own. Resolves when nobody has its output open any more: the
 * workers, which inherit it, are gone too.
 */
function runDemo(folder: string, ...args: readonly string[]): Promise<Ended> {
  const startedAt = performance.now()
  const options = {
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    env: { ...process.env, TMPDIR: folder },
  } as const
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [DEMO, ...args],
      options,
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? -1)
        resolve({ code, stdout, stderr, seconds: (performance.now() - startedAt) / 1_000 })
      },
    )
  })
}

/** The call that a line of the output is about, from its column. */
function callOf(line: string): string {
  return line.slice(11, 49).trim()
}

describe('the demo', () => {
  let folder = ''
  let ended: Ended | undefined

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-demo-test-'))
    ended = await runDemo(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('ends by itself, in time, with nothing to complain about', () => {
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended?.seconds).toBeLessThan(15)
  })

  it.each([
    ['add(1, 1)', /SUCCESS +2 /],
    ['multiply(4, 5, 6)', /SUCCESS +120 /],
    ['sum_ints([1, 2, 3, 4])', /SUCCESS +10 /],
    ['sum_floats([1.5, 2.75])', /SUCCESS +4\.25 /],
    ["concat(['foo', 'bar'])", /SUCCESS +"foobar" /],
    ["split('foo')", /SUCCESS +\["f","o","o"\] /],
    ['panic_task()', /FAILURE +oops .*attempt 1\)/],
    ['add(2, 3) with a delay of 1 s', /SUCCESS +5 /],
    ['unsteady_task() with 3 retries', /SUCCESS +"worked at attempt 3" .*attempt 3\)/],
    ['panic_task() with 2 retries', /FAILURE +oops .*attempt 3\)/],
    ['long_running_task(2)', /SUCCESS +"slept 2 s" /],
  ])('shows what %s came to', (call, end) => {
    const lines = ended?.stdout.split('\n').filter((line) => callOf(line) === call) ?? []
    expect(lines[0]).toMatch(/ sent +task_/)
    expect(lines.at(-1)).toMatch(end)
    expect(lines.at(-1)).toMatch(/\(worker_[12], attempt \d\)$/)
  })

  it('shows states between', () => {
    expect(ended?.stdout).toMatch(/long_running_task\(2\) +STARTED/)
    expect(ended?.stdout).toMatch(/with 3 retries +RETRY +not yet, at attempt \d/)
  })

  it('leaves no files behind', () => {
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the demo that runs out of time', () => {
  it('says so, exits with 1 and leaves no files behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'machinery-demo-test-'))
    try {
      const ended = await runDemo(folder, '--timeout-ms', '1500')
      expect(ended).toMatchObject({ code: 1 })
      expect(ended.stderr).toContain('it was not over after 1500 ms')
      expect(readdirSync(folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
