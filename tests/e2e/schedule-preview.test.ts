import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

function preview(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    )
  })
}

describe('machinery schedule preview', () => {
  it('prints the next runs in the zone and in UTC, across a change of the clocks', async () => {
    const flags = ['--zone', 'Europe/Berlin', '--after', '2026-03-28T00:00:00Z', '--count', '2']
    const { code, stdout } = await preview('schedule', 'preview', '0 6 * * *', ...flags)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^2026-03-28, 06:00:00 \S+ +2026-03-28T05:00:00\.000Z\n2026-03-29, 06:00:00 \S+ +2026-03-29T04:00:00\.000Z\n$/,
    )
  })

  it.each([
    [['schedule', 'preview', '61 * * * *'], /end of range \(61\) above maximum \(59\): 61|above maximum/],
    [
      ['schedule', 'preview', '* * * * *', '--count', '0'],
      /--count is "0"; a whole number from 1 to 10000 is right/,
    ],
    [['schedule', 'preview', '* * * * *', '--dst', 'no'], /--dst is "no"; go, shift, utc is right/],
    [['schedule', 'preview', '* * * * *', '--after', 'x'], /--after is "x"/],
    [['schedule'], /^Usage: machinery schedule .*preview/s],
    [['schedule', 'preview', '* * * * *', '--bogus'], /--bogus/],
  ])('says what is wrong with %j, and exits with 2', async (args, text) => {
    const { code, stdout, stderr } = await preview(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(text)
  })
})
