import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { mostOf, terminalWrites } from './aof-ledger.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'machinery-aof-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

const set = (uuid: string, state: string, more = ''): string =>
  command('SET', uuid, `{"TaskUUID":"${uuid}","TaskName":"work","State":"${state}"${more}}`, 'PX', '1000')

function write(name: string, ...commands: readonly string[]): void {
  writeFileSync(join(folder, `appendonly.aof.${name}.aof`), commands.join(''))
}

it('counts the terminal states of each task, and nothing else', () => {
  write(
    '1.incr',
    command('SELECT', '0'),
    set('a', 'PENDING'),
    set('a', 'SUCCESS', `,"Results":[{"Value":"${'x\r\n'.repeat(1_000)}é"}]`),
    set('b', 'STARTED', ',"Error":"\\"State\\":\\"FAILURE\\""'),
    command('RPUSH', 'queue', '{"State":"SUCCESS"}'),
    set('c', 'FAILURE'),
    set('c', 'FAILURE'),
  )
  expect([...terminalWrites(folder)]).toEqual([
    ['a', 1],
    ['c', 2],
  ])
})

it('counts what a server began with and what it wrote since together, and two beginnings apart', () => {
  write('1.base', set('a', 'SUCCESS'))
  write('1.incr', set('b', 'SUCCESS'))
  write('2.base', set('a', 'SUCCESS'), set('b', 'STARTED'))
  write('2.incr', set('a', 'FAILURE'), set('b', 'SUCCESS'))
  expect([...terminalWrites(folder)]).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

it('ends where a killed server stopped in the middle of a command', () => {
  const whole = set('a', 'SUCCESS')
  write('1.incr', whole, set('b', 'SUCCESS').slice(0, -20))
  expect([...terminalWrites(folder)]).toEqual([['a', 1]])
})

it('takes the most of several servers', () => {
  const most = mostOf([new Map([['a', 1]]), new Map([['a', 2]]), new Map([['b', 1]])])
  expect([...most]).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})
