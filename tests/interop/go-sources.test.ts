import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, it } from 'vitest'

import { BUILD_WITHIN_MS, findGo } from './go-build.ts'

const run = promisify(execFile)
const cwd = join(import.meta.dirname, 'go')
const go = await findGo()

describe.runIf(go.kind === 'program')('the Go program', () => {
  it('is formatted', async () => {
    expect((await run('gofmt', ['-l', '.'], { cwd })).stdout).toBe('')
  })

  it(
    'has nothing that go vet objects to',
    async () => {
      await expect(run('go', ['vet', './...'], { cwd })).resolves.toMatchObject({ stdout: '' })
    },
    BUILD_WITHIN_MS,
  )
})
