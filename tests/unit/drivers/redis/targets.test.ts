import { describe, expect, it } from 'vitest'

import { redisSettings } from '../../../../src/drivers/redis/redis-options.ts'
import { redisTarget, targetName } from '../../../../src/drivers/redis/redis-target.ts'
import { redisStore, redisUrlOptions } from '../../../../src/drivers/redis/index.ts'
import { assertCode } from '../../../../src/testing/assert-code.ts'

describe('a URL of redis', () => {
  it.each([
    ['redis://localhost', { hosts: [{ host: 'localhost', port: 6379 }], db: 0, kind: 'single' }],
    ['redis://h:7/3', { hosts: [{ host: 'h', port: 7 }], db: 3 }],
    ['redis://h:7/x', { db: 0 }],
    ['redis://[::1]:7', { hosts: [{ host: '::1', port: 7 }] }],
    ['redis://user:p%40ss@h', { username: 'user', password: 'p@ss' }],
    ['redis://p/a?s#s@h:7', { password: 'p/a?s#s', hosts: [{ host: 'h', port: 7 }] }],
    ['redis://secret@h', { username: undefined, password: 'secret' }],
    ['redis://:a:b@h', { username: undefined, password: 'a:b' }],
    ['redis://user:@h', { username: 'user', password: undefined }],
    ['rediss://h', { tls: {} }],
    ['redis://h', { tls: undefined }],
    ['redis://u:p%40@a:1,b:2', { kind: 'cluster', username: 'u', password: 'p%40' }],
    ['redis+socket:///tmp/r.sock', { path: '/tmp/r.sock', hosts: [], db: 0 }],
    ['redis+socket:///tmp/r.sock:/4', { path: '/tmp/r.sock', db: 4 }],
    ['redis+socket://u:p@/tmp/r.sock', { path: '/tmp/r.sock', username: 'u', password: 'p' }],
  ])('%s', (url, expected) => {
    expect(redisTarget({ url })).toMatchObject(expected)
  })

  it.each([
    'redis:',
    'redis://',
    'redis://a,redis://b',
    'http://h',
    'redis://h:99999999',
    'redis+socket://:/1',
    'redis://a b',
  ])('is refused: %s', (url) => {
    expect(() => redisTarget({ url })).toThrowError(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })

  it('is refused without showing what may be a password', () => {
    expect(() => redisTarget({ url: 'redis://user:hunter2@bad host' })).toThrowError(/^(?!.*hunter2)/)
    expect(() => redisTarget({ url: 'redis://user:hunter2@a,redis://b' })).toThrowError(/^(?!.*hunter2)/)
  })
})

describe('options of redis', () => {
  it('say what several hosts are', () => {
    const hosts = ['a:1', 'b:2']
    expect(redisTarget({ hosts }).kind).toBe('cluster')
    expect(redisTarget({ hosts, masterName: 'm' })).toMatchObject({ kind: 'sentinel', masterName: 'm' })
    expect(redisTarget({ hosts: ['a:1'], cluster: true }).kind).toBe('cluster')
    expect(redisTarget({ hosts: ['a:1'] }).kind).toBe('single')
  })

  it('win over the URL', () => {
    const target = redisTarget({ url: 'redis://u:p@h/1', username: 'x', password: 'y', db: 2 })
    expect(target).toMatchObject({ username: 'x', password: 'y', db: 2 })
  })

  it.each([
    [{}, 'one of url'],
    [{ url: 'redis://h', hosts: ['h'] }, 'one of url'],
    [{ hosts: [] }, 'names no host'],
    [{ hosts: ['a', 'b'], db: 1 }, 'only 0'],
    [{ url: 'redis://h', db: -1 }, 'number of a database'],
    [{ url: 'rediss://h', tls: { rejectUnauthorized: false } }, 'allowInsecureTls'],
  ] as const)('%j is refused', (options, text) => {
    expect(() => redisTarget(options)).toThrowError(text)
  })

  it.each([
    { leaseMs: 10 },
    { commandTimeoutMs: Number.NaN },
    { maxCrashes: 0 },
    { delayedKey: '' },
    { durability: 'slow' as 'fast' },
    { wire: 'short' as 'full' },
  ])('%j is refused', (options) => {
    expect(() => redisSettings(options)).toThrowError(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })

  it('do not take a client beside a URL', async () => {
    const client = () => {
      throw new Error('made a client')
    }
    await assertCode(redisStore({ url: 'redis://h', client }), 'ERR_OPTION_INVALID')
  })

  it('have defaults', () => {
    expect(redisSettings({})).toMatchObject({
      delayedKey: 'delayed_tasks',
      leaseMs: 15_000,
      durability: 'fast',
    })
  })
})

it('names a target without credentials', () => {
  expect(targetName(redisTarget({ url: 'redis://u:secret@h:7/3' }))).toBe('redis single h:7/3')
  expect(targetName(redisTarget({ hosts: ['a:1', 'b:2'], masterName: 'm', password: 'secret' }))).toBe(
    'redis sentinel a:1,b:2 (m)',
  )
})

describe('options in a URL', () => {
  it.each([
    ['redis://h:7/1', { url: 'redis://h:7/1' }],
    ['redis://p?x@h', { url: 'redis://p?x@h' }],
    [
      'redis://a,b/0?masterName=m&durability=replicated&leaseMs=500&wire=full&cluster=false&delayedKey=d',
      {
        url: 'redis://a,b/0',
        masterName: 'm',
        durability: 'replicated',
        leaseMs: 500,
        wire: 'full',
        cluster: false,
        delayedKey: 'd',
      },
    ],
  ])('%s', (url, expected) => {
    expect(redisUrlOptions(url)).toEqual(expected)
  })

  it.each(['redis://h?lease=1', 'redis://h?leaseMs=soon', 'redis://h?cluster=1', 'redis://h?password=x'])(
    'are refused: %s',
    (url) => {
      expect(() => redisUrlOptions(url)).toThrowError(/are right$/)
    },
  )
})
