import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** Loads the completion as a user does; then, for each line of its input, prints what a press of the tab key would offer. */
const BASH = `
source <("$NODE" "$MAIN" completion bash)
while IFS= read -r line; do
  IFS='|' read -r -a COMP_WORDS <<< "$line."
  last=$((\${#COMP_WORDS[@]} - 1))
  COMP_WORDS[last]=\${COMP_WORDS[last]%.}
  COMP_CWORD=$last
  _machinery
  (IFS='|'; echo "\${COMPREPLY[*]}")
done
`

/** What is typed, its words divided by bars, and what begins the list of candidates; all of it where it ends in a dot. */
const LINES: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ['machinery|', ['worker', 'send', 'result', 'state', 'watch', 'cancel', 'queue']],
  ['machinery|qu', ['queue', '.']],
  ['machinery|--json|queue|p', ['pending', 'purge', 'pause', '.']],
  ['machinery|--broker|redis|:|//h|queue|sh', ['show', '.']],
  ['machinery|-Q|queue|send|--wa', ['--wait', '.']],
  ['machinery|queue|purge|--y', ['--yes', '.']],
  ['machinery|worker|m', ['my tasks.ts', '.']],
  ['machinery|worker|./ta', ['./tadir', '.']],
  ['machinery|worker|tasks.ts|--con', ['--concurrency', '--config', '.']],
  ['machinery|worker|tasks.ts|--log-level|', ['debug', 'info', 'warn', 'error', 'silent', '.']],
  ['machinery|worker|tasks.ts|--log-level|=|d', ['debug', '.']],
  ['machinery|--config|m', ['my tasks.ts', '.']],
  ['machinery|completion|', ['bash', 'zsh', 'fish']],
  ['machinery|queue|show|--limit|', ['.']],
]

describe('the completion of bash', () => {
  let folder = ''
  let offered: readonly string[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-completion-'))
    writeFileSync(join(folder, 'my tasks.ts'), '')
    mkdirSync(join(folder, 'tadir'))
    const env = { PATH: process.env['PATH'], NODE: process.execPath, MAIN }
    const running = promisify(execFile)('bash', ['-c', BASH], { cwd: folder, env })
    running.child.stdin?.end(LINES.map(([typed]) => `${typed}\n`).join(''))
    offered = (await running).stdout.split('\n')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(LINES.map(([typed, expected], index) => [typed, expected, index] as const))(
    'after %s offers %j',
    (_, expected, index) => {
      const words = [...(offered[index] ?? '').split('|').filter((word) => word !== ''), '.']
      expect(words.slice(0, expected.length)).toEqual(expected)
    },
  )
})
