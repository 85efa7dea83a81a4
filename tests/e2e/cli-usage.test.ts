import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allCommands, createProgram } from '../../src/cli/program.ts'
import { ENTRY, runCli } from './cli-process.ts'

const UNREACHABLE = 'redis://user:hunter2@127.0.0.1:1'
const MEMORY = 'memory:'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'machinery-usage-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('wrong usage', () => {
  it.each([
    [['bogus'], /unknown command 'bogus'/],
    [['queue'], /^Usage: machinery queue/],
    [['queue', 'ls', '--limit', '0'], /A whole number from 1/],
    [['send', 'add', '--in', 'soon'], /time: invalid duration/],
    [['send', 'add', '--in', '1m', '--at', '2026-11-24T09:00:00Z'], /either --in or --at/],
    [['send', 'add', '--at', 'tomorrow'], /An instant such as/],
    [['send', 'add', 'int32:x'], /argument "int32:x" is not of type int32/],
    [['queue', 'ls', '--broker', 'nosuch://x:pw-secret@y'], /ERR_DRIVER_UNKNOWN/],
    [['worker', './missing.ts'], /there is no such file/],
    [['worker', ENTRY, '-Q', 'a=0'], /--queues/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('is said in a line, and exits with 2: %j', async (args, text) => {
    const { code, stdout, stderr } = await runCli(args, { url: MEMORY, cwd: folder })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(text)
    expect(stderr).not.toMatch(/secret|\n {4}at /)
  })

  it('names the place where a module throws, and what one without tasks exports', async () => {
    writeFileSync(join(folder, 'broken.ts'), "throw new Error('not today')\n")
    writeFileSync(join(folder, 'empty.ts'), 'export const one = 1\n')
    const [broken, empty] = await Promise.all(
      ['broken.ts', 'empty.ts'].map((name) => runCli(['worker', name], { url: MEMORY, cwd: folder })),
    )
    expect(broken?.code).toBe(2)
    expect(broken?.stderr).toMatch(/broken\.ts cannot be loaded: not today .*broken\.ts:1/)
    expect(empty?.stderr).toContain('exports no task (it exports one)')
  })
})

describe('a store that is out of reach', () => {
  it.each([
    [['queue', 'ls']],
    [['send', 'add', '1']],
    [['state', 'task_1']],
    [['doctor']],
    [['worker', ENTRY]],
  ])('exits with 3 and one line, without secrets: %j', async (args) => {
    const { code, stderr } = await runCli(args, { url: UNREACHABLE })
    expect(code).toBe(3)
    expect(stderr).toMatch(/^ERR_CONNECT_FAILED: redis [^\n]*\n$/)
    expect(stderr).not.toContain('hunter2')
  })
})

describe('help', () => {
  it('has an example for each command', () => {
    for (const command of allCommands(createProgram())) {
      if (command.name() === 'help') continue
      let text = ''
      command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
      const path = `${command.parent?.name() ?? ''} ${command.name()}`
      const isNoun = command.commands.length > 0
      expect(isNoun || text.includes('Examples:'), path).toBe(true)
    }
  })

  it('prints version, help and completion scripts without a broker', async () => {
    const [version, help, bash, zsh, fish] = await Promise.all(
      [['--version'], ['--help'], ['completion', 'bash'], ['completion', 'zsh'], ['completion', 'fish']].map(
        (args) => runCli(args),
      ),
    )
    expect(version?.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(help?.stdout).toContain('Exit codes')
    expect(bash?.stdout).toContain("'queue') printf '%s\\n' ls show pending")
    expect(zsh?.stdout).toMatch(/^#compdef machinery/)
    expect(fish?.stdout).toContain(
      '__fish_seen_subcommand_from queue; and not __fish_seen_subcommand_from ls',
    )
    expect([version, help, bash, zsh, fish].map((end) => end?.code)).toEqual([0, 0, 0, 0, 0])
  })
})
