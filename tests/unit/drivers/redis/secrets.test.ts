import { inspect } from 'node:util'

import { expect, it } from 'vitest'

import { redisError, withoutCommand } from '../../../../src/drivers/redis/redis-errors.ts'

/** An error as the library makes it from a reply: with the command, which may hold a password or a message. */
function replyError(text: string): Error {
  const error = new Error(text)
  error.name = 'ReplyError'
  return Object.assign(error, { command: { name: 'hello', args: ['3', 'AUTH', 'default', 'pa55w0rd'] } })
}

it('an error does not carry the arguments of the command that was refused', () => {
  const wrapped = redisError(replyError('WRONGPASS invalid username-password pair'), 'redis')
  expect(wrapped.cause).toBeInstanceOf(Error)
  expect(inspect(wrapped, { depth: 9 })).not.toContain('pa55w0rd')
})

it('nor does one of a Cluster, which carries that of the last node', () => {
  const outer = Object.assign(new Error('Failed to refresh slots cache.'), {
    lastNodeError: replyError('WRONGPASS'),
  })
  expect(inspect(withoutCommand(outer), { depth: 9 })).not.toContain('pa55w0rd')
  expect(withoutCommand(outer)).toBe(outer)
  expect(withoutCommand('text')).toBe('text')
})
