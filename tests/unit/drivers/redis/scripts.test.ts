import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { luaModule } from '../../../../scripts/lua-module.ts'
import { LUA } from '../../../../src/drivers/redis/generated/lua-sources.ts'
import { redisScripts } from '../../../../src/drivers/redis/redis-script.ts'

const folder = join(import.meta.dirname, '../../../../src/drivers/redis')
const files = readdirSync(join(folder, 'scripts')).filter((name) => name.endsWith('.lua'))

it('are built into the module as they are: else run `node scripts/build-lua.ts`', () => {
  expect(readFileSync(join(folder, 'generated/lua-sources.ts'), 'utf8')).toBe(
    luaModule(join(folder, 'scripts')),
  )
})

it.each(files)('%s says on top what its keys are and what it returns', (name) => {
  const top = readFileSync(join(folder, 'scripts', name), 'utf8').split(/\n(?!--)/)[0] ?? ''
  expect(top).toMatch(/^-- /)
  expect(top).toContain('KEYS:')
  expect(top).toMatch(/Returns/)
})

it('may write to a full server only where that makes room', () => {
  const full = Object.entries(LUA).filter(([, { allowOom }]) => !allowOom)
  expect(full.map(([name]) => name).toSorted()).toEqual(
    [
      ...['groupGet', 'groupInit', 'lock', 'pending', 'post', 'redrive', 'reopen', 'send'],
      ...SCHEDULES,
      'controlPut',
    ].toSorted(),
  )
  expect(redisScripts(true).step.text).toMatch(/^#!lua flags=allow-oom\n/)
  expect(redisScripts(true).send.text).not.toContain('#!lua')
  expect(redisScripts(false).step.text).not.toContain('#!lua')
})

const SCHEDULES = ['scheduleChange', 'scheduleFire', 'schedulePut']
