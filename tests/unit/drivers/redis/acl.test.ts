import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { aclModule } from '../../../../scripts/acl-module.ts'
import { redisUsers } from '../../../../src/app/redis-acl.ts'
import { ACL_COMMANDS } from '../../../../src/drivers/redis/generated/acl-commands.ts'
import { type AclPlaces, aclRules } from '../../../../src/drivers/redis/redis-acl.ts'

const MODULE = join(import.meta.dirname, '../../../../src/drivers/redis/generated/acl-commands.ts')

const commandsOf = (rules: readonly string[]): readonly string[] => [
  ...new Set([...rules.join(' ').matchAll(/\+([\w|]+)/g)].map(([, name = '']) => name)),
]

describe('the commands of the users', () => {
  it('are those of the driver as it is: else run `node scripts/build-acl.ts`', () => {
    expect(readFileSync(MODULE, 'utf8')).toBe(aclModule())
  })

  it.each(['worker', 'producer'] as const)('are all granted to a %s, and no others', (role) => {
    const places: AclPlaces = { hasWaitAof: true }
    expect(commandsOf(aclRules(role, places)).toSorted()).toEqual(ACL_COMMANDS[role])
    const without = ACL_COMMANDS[role].filter((name) => name !== 'waitaof')
    expect(commandsOf(aclRules(role)).toSorted()).toEqual(without)
  })
})

describe('the users of a configuration', () => {
  const linesOf = async (...given: Parameters<typeof redisUsers>): Promise<readonly string[]> =>
    (await redisUsers(...given)).map(({ line }) => line)

  it('have the keys of its queues and of its delayed messages', async () => {
    const options = { broker: 'redis://:hunter2@h', drivers: { redis: { delayedKey: 'later' } } }
    const lines = await linesOf(options, ['orders', 'mail-*'])
    for (const line of lines) {
      expect(line).toContain(' ~orders ')
      expect(line).toContain(' ~mail-* ')
      expect(line).toContain(' ~later ')
      expect(line).not.toMatch(/machinery_tasks|delayed_tasks|hunter2|waitaof|cluster/)
    }
    expect(lines[1]).toContain('~mq:{orders}:p')
    expect(lines[1]).toContain('~mq:{later}:z')
  })

  it('have what a Cluster, and waiting for the disk, need', async () => {
    const lines = await linesOf({ broker: 'redis://a,b?durability=fsync&delayedKey=later' }, ['orders'])
    for (const line of lines) expect(line).toMatch(/\+cluster\|slots .*\+waitaof .*~later /)
  })

  it('are those of the result backend where the broker is another store', async () => {
    const lines = await linesOf({ broker: 'amqp://h', resultBackend: 'redis://h' }, ['orders'])
    expect(lines).toHaveLength(2)
  })

  it.each([
    [{ broker: 'amqp://user:hunter2@h' }, ['orders'], 'broker is amqp://h; rights are for Redis'],
    [{ broker: 'redis://h' }, ['my orders'], '"my orders" cannot stand in a line of rights'],
  ])('are refused: %j %j', async (options, queues, text) => {
    await expect(redisUsers(options, queues)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining(text),
    })
  })
})
