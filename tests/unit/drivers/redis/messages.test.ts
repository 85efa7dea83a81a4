import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { MachineryError } from '../../../../src/core/errors.ts'
import { isRefused, redisError } from '../../../../src/drivers/redis/redis-errors.ts'
import { refusal } from '../../../../src/drivers/redis/redis-publish.ts'
import { delayedMember, enveloped, isSelfRouted, routeOf } from '../../../../src/drivers/redis/redis-route.ts'
import { decodeState, encodeState } from '../../../../src/core/wire/state-codec.ts'
import {
  addWrite,
  readFinalState,
  readState,
  stateDefaults,
} from '../../../../src/drivers/redis/redis-state-text.ts'
import { inParts } from '../../../../src/drivers/redis/redis-parts.ts'
import { settleJob } from '../../../../src/drivers/redis/redis-settle-job.ts'
import type { RedisArgument } from '../../../../src/drivers/redis/redis-client.ts'

describe('the way of a message', () => {
  it.each([
    ['{"RoutingKey":"q"}', { queue: 'q', priority: 0 }],
    ['{"OnSuccess":[{"RoutingKey":"inner"}],"RoutingKey":"q","Priority":7}', { queue: 'q', priority: 7 }],
    ['{"RoutingKey":""}', undefined],
    ['{"Name":"x"}', undefined],
    ['{"RoutingKey":1}', undefined],
    ['[]', undefined],
    ['{', undefined],
    ['', undefined],
  ])('is in %s', (text, route) => {
    expect(routeOf(Buffer.from(text))).toEqual(route)
  })

  it('comes back from an envelope with every byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ minLength: 1 }), fc.nat(255), (body, queue, priority) => {
        const member = enveloped(body, { queue, priority })
        const read = delayedMember(2, member)
        expect(read.route).toEqual({ queue, priority })
        expect(member.subarray(read.bodyFrom)).toEqual(Buffer.from(body))
      }),
    )
  })

  it('needs an envelope when the message says something else', () => {
    const body = Buffer.from('{"RoutingKey":"q","Priority":2}')
    expect(isSelfRouted(body, { queue: 'q', priority: 2 })).toBe(true)
    expect(isSelfRouted(body, { queue: 'q', priority: 0 })).toBe(false)
    expect(isSelfRouted(body, { queue: 'other', priority: 2 })).toBe(false)
  })
})

it.each([
  ['', 'delayed'],
  ['delayed', 'delayed'],
  ['mq:{q}:land', 'delayed'],
])('refuses a queue named %j', (queue, delayedKey) => {
  const message = { queue, body: new Uint8Array(1), delayMs: 0, priority: 0, uuid: 'u', orderingKey: '' }
  expect(refusal(message, delayedKey)?.code).toBe('ERR_OPTION_INVALID')
})

describe('an error of the client', () => {
  const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })

  it.each([
    [reply("OOM command not allowed when used memory > 'maxmemory'."), 'ERR_STORE_FULL', true],
    [reply('ERR Error running script: @user_script:1: -OOM command not allowed'), 'ERR_STORE_FULL', true],
    [reply('MISCONF Redis is configured to save RDB snapshots'), 'ERR_STORE_FULL', true],
    [reply("READONLY You can't write against a read only replica."), 'ERR_CONNECTION_LOST', true],
    [reply('LOADING Redis is loading the dataset in memory'), 'ERR_CONNECTION_LOST', true],
    [reply('UNBLOCKED force unblock from blocking operation'), 'ERR_CONNECTION_LOST', true],
    [reply('TRYAGAIN Multiple keys request during rehashing of slot'), 'ERR_CONNECTION_LOST', true],
    [reply('BUSY Redis is busy running a script.'), 'ERR_STORE_BUSY', true],
    [reply('WRONGTYPE Operation against a key'), 'ERR_STORE_FAILED', true],
    [new Error('Connection is closed.'), 'ERR_CONNECTION_LOST', false],
    [new Error('Command timed out'), 'ERR_CONNECTION_LOST', false],
    [
      new Error("Stream isn't writeable and enableOfflineQueue options is false"),
      'ERR_CONNECTION_LOST',
      true,
    ],
    ['a text', 'ERR_CONNECTION_LOST', false],
  ])('%s', (error, code, refused) => {
    const wrapped = redisError(error, 'redis')
    expect(wrapped).toMatchObject({ code, cause: error })
    expect(isRefused(wrapped)).toBe(refused)
  })

  it('stays as it is when it is ours', () => {
    const ours = new MachineryError('ERR_CLOSED', 'closed')
    expect(redisError(ours, 'redis')).toBe(ours)
  })
})

describe('the pieces of a state', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom('', '","CreatedAt":"x"', '"State":"SUCCESS"', '\u0000\ud800'),
  )
  const results = fc.array(
    fc.record({ type: fc.constant('json'), value: fc.json() }).map((result) => ({ ...result })),
    { maxLength: 2 },
  )
  const state = fc.record({
    uuid: fc.oneof(
      fc.constant('task_1'),
      texts.filter((text) => text !== ''),
    ),
    taskName: texts,
    state: fc.constantFrom('PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE'),
    results,
    error: texts,
    createdAt: fc.constantFrom('', '2026-01-02T03:04:05.123456789Z'),
    retryAt: fc.option(fc.nat(), { nil: undefined }),
  })

  it.each(['compact', 'full'] as const)('make the whole document: %s', (form) => {
    fc.assert(
      fc.property(state, (written) => {
        const [keys, args]: [string[], RedisArgument[]] = [[], []]
        addWrite(keys, args, { ...written, expiresInMs: 5 }, form)
        const [, head = '', name = '', middle = '', time = '', tail = ''] = args.map(String)
        const [noName = '', noTime = ''] = stateDefaults(form)
        const named = name || noName
        const timed = time || noTime
        const document =
          (head || `{"TaskUUID":"${keys[0]}"`) +
          (named && `,"TaskName":${named}`) +
          middle +
          (timed && `,"CreatedAt":${timed}`) +
          tail
        expect(document).toBe(encodeState({ ...written, ttl: 0 }, form))
      }),
    )
  })

  it('are kept for a day before the end', () => {
    const keptMs = (name: 'PENDING' | 'FAILURE'): unknown => {
      const args: RedisArgument[] = []
      addWrite([], args, { uuid: 'u', taskName: '', state: name, createdAt: '', expiresInMs: 4.5 }, 'compact')
      return args[0]
    }
    expect([keptMs('PENDING'), keptMs('FAILURE')]).toEqual(['86400000', '5'])
  })

  it('are read back as the codec reads them', () => {
    fc.assert(
      fc.property(state, fc.constantFrom('compact', 'full'), (written, form) => {
        const text = Buffer.from(encodeState({ ...written, ttl: 0 }, form as 'compact'))
        expect(readState(written.uuid, text)).toEqual({ ...decodeState(text), uuid: written.uuid })
      }),
    )
    for (const text of [
      '{"state":"PENDING"}',
      '{"State":"PENDING","TTL":7}',
      '{"State":"PENDING","TaskName":null}',
    ]) {
      expect(readState('u', Buffer.from(text))).toEqual({ ...decodeState(text), uuid: 'u' })
    }
    expect(readState('u', Buffer.from('{"State":"ODD"}'))).toBeUndefined()
    expect(readFinalState('u', Buffer.from('{'))).toMatchObject({ uuid: 'u', state: 'FAILURE' })
  })
})

describe('a settlement', () => {
  const held = () => new Map(['a', 'b', 'c'].map((id) => [id, { field: `1:${id}`, body: Buffer.from(id) }]))
  const release = (id: string, delayMs = 0) => ({ id, kind: 'release', delayMs, counted: true }) as const

  it('goes to the server once per delivery that is held', () => {
    const batch = [
      { id: 'a', kind: 'ack' },
      { id: 'a', kind: 'ack' },
      { id: 'x', kind: 'ack' },
      release('b'),
      release('c'),
    ] as const
    const map = held()
    const { job, outcomes } = settleJob(batch, map, 10)
    expect(
      job.steps.map(({ field }) => field),
      'releases backwards: each goes to the head',
    ).toEqual(['1:c', '1:b', '1:a'])
    expect(job.end({ missed: new Set(), full: new Set() }, map)).toEqual({ lost: [], full: [] })
    expect(outcomes).toEqual(['settled', 'lost', 'lost', 'settled', 'settled'])
    expect(map.size).toBe(0)
  })

  it('tells of what was held and is not ours any more', () => {
    const map = held()
    const { job, outcomes } = settleJob(
      [
        { id: 'a', kind: 'ack' },
        { id: 'b', kind: 'ack' },
      ],
      map,
      10,
    )
    const missed = new Set(job.steps.filter(({ field }) => field === '1:a'))
    expect(job.end({ missed, full: new Set() }, map)).toEqual({ lost: ['a'], full: [] })
    expect(outcomes).toEqual(['lost', 'settled'])
  })

  it('of a consumer that is gone is lost', () => {
    const map = held()
    const { job, outcomes } = settleJob([{ id: 'a', kind: 'ack' }], map, 10)
    expect(job.end('gone', map)).toEqual({ lost: [], full: [] })
    expect(outcomes).toEqual(['lost'])
    expect(map.has('a'), 'whoever registers anew tells of all that was held').toBe(true)
  })
})

it('cuts a batch by count and by bytes, in order', () => {
  expect(inParts([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
  expect(inParts([], 2)).toEqual([])
  const mebibytes = [1, 3, 1, 9, 1]
  expect(inParts(mebibytes, 10, (size) => size * 1_048_576)).toEqual([[1, 3], [1], [9], [1]])
})
