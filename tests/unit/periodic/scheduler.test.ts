import { describe, expect, it } from 'vitest'

import type { Message } from '../../../src/core/message.ts'
import { tickUuids } from '../../../src/periodic/tick-id.ts'
import { contract } from '../../../src/task/contract.ts'
import { time } from '../../../src/core/arg-types/index.ts'
import { exactTime } from '../../../src/core/arg-types/times.ts'
import { chain } from '../../../src/workflow/chain.ts'
import { chord } from '../../../src/workflow/chord.ts'
import { group } from '../../../src/workflow/group.ts'
import { add, HOUR, MINUTE, scheduling, START } from './scheduling.ts'

const EVERY_MINUTE = 'CRON_TZ=UTC * * * * *'

/** The UUID of the task that stands first in the work of a tick. */
const uuidOf = (name: string, spec: string, tickAt: number): string =>
  tickUuids({ name, spec, tickAt }).uuidOf('it')

const firstArgs = (messages: readonly Message[]): readonly string[] =>
  messages.map(({ args }) => args[0]?.value ?? '')

describe('a schedule', () => {
  it('enqueues its work at each tick, once, however many servers have it', async () => {
    await using world = scheduling()
    for (let count = 0; count < 5; count++) {
      const { server } = await world.open()
      await server.schedule('sum', EVERY_MINUTE, add(1, 1))
    }
    await world.clock.advance(MINUTE - 1)
    expect(await world.messages()).toEqual([])
    await world.clock.advance(1)
    expect(await world.messages()).toHaveLength(1)
    await world.clock.advance(3 * MINUTE)
    const expected = [1, 2, 3, 4].map((minute) => uuidOf('sum', EVERY_MINUTE, START + minute * MINUTE))
    expect((await world.messages()).map(({ uuid }) => uuid)).toEqual(expected)
    expect((await world.store.backend.tasks.get(expected)).map((state) => state?.state)).toEqual(
      expected.map(() => 'PENDING'),
    )
    expect(await world.schedules.outbox(0, 10)).toEqual([])
    expect(world.logs).toEqual([])
  })

  it('runs whole workflows, each time under new UUIDs', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('chain', '@every 10m', chain(add(1, 1), add(5)))
    await server.schedule('group', '@every 10m', group([add(1, 2), add(3, 4)]))
    await server.schedule('chord', '@every 10m', chord([add(1, 1), add(2, 2)], add(10)))
    await using worker = await server.startWorker({ noSignals: true })
    await world.clock.advance(21 * MINUTE)
    const ends = [1, 2].map((tick) => {
      const uuids = tickUuids({ name: 'chord', spec: '@every 10m', tickAt: START + tick * 10 * MINUTE })
      return uuids.uuidOf('the callback is compiled first')
    })
    const results = await Promise.all(ends.map((uuid) => server.result(uuid).get({ timeoutMs: 1_000 })))
    expect(results).toEqual([16, 16])
    expect([worker.running, await world.messages()]).toEqual([0, []])
  })

  it('keeps the arguments of its work exactly, and counts a delay from the tick', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    const remind = contract('remind', { args: [time.exact], returns: time.exact })
    const at = '2026-02-03T04:05:06.123456789+05:30'
    const work = remind(exactTime(at)).with({
      delayMs: 2_500,
      priority: 7,
      headers: { trace: 'x' },
      routingKey: 'reminders',
      retryCount: 3,
    })
    await server.schedule('remind', EVERY_MINUTE, work)
    await world.clock.advance(2 * MINUTE)
    const delayed = await server.getDelayedTasks()
    expect(delayed.map(({ dueAt, queue }) => [dueAt - START, queue])).toEqual([
      [2 * MINUTE + 2_500, 'reminders'],
    ])
    const [first] = await world.messages('reminders')
    expect(first).toMatchObject({
      args: [{ type: 'time.Time', value: JSON.stringify(at) }],
      priority: 7,
      retryCount: 3,
      delayNs: 0n,
      eta: '2026-01-01T00:01:02.5Z',
    })
    expect(first?.headers?.get('trace')).toBe('"x"')
    expect(delayed[0]?.message).toMatchObject({ args: first?.args, name: 'remind' })
  })

  it('passes every message to beforePublish, which may not change its UUID', async () => {
    await using world = scheduling()
    const { server } = await world.open({
      server: { beforePublish: (message) => ({ ...message, routingKey: 'hooked', source: undefined }) },
    })
    await server.schedule('sum', EVERY_MINUTE, add(1, 1))
    await world.clock.advance(MINUTE)
    expect(await world.messages('hooked')).toHaveLength(1)
    const { server: other } = await world.open({
      server: { beforePublish: (message) => ({ ...message, uuid: 'other' }) },
    })
    await other.schedule('wrong', EVERY_MINUTE, add(1, 1))
    await world.clock.advance(MINUTE)
    expect(await world.messages()).toEqual([])
    expect(world.logs[0]).toMatchObject({
      level: 'error',
      message: expect.stringMatching(
        /^periodic task failed\. task name is: wrong\. error is beforePublish changed the UUID/,
      ),
    })
  })

  it('of the same name replaces the one before on this server', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('sum', EVERY_MINUTE, add(1))
    await server.schedule('sum', EVERY_MINUTE, add(2))
    await world.clock.advance(MINUTE)
    expect(firstArgs(await world.messages())).toEqual(['2'])
  })

  it('is followed by all servers when one of them changes it', async () => {
    await using world = scheduling()
    const [old, recent] = [await world.open(), await world.open()]
    await old.server.schedule('sum', '@every 1h', add(1))
    await world.clock.advance(30 * MINUTE)
    await recent.server.schedule('sum', '@every 10m', add(2))
    await world.clock.advance(1)
    await recent.server.close()
    await world.clock.advance(40 * MINUTE)
    const ticks = [1, 2, 3, 4].map((tick) =>
      uuidOf('sum', '@every 10m', START + 30 * MINUTE + tick * 10 * MINUTE),
    )
    expect((await world.messages()).map(({ uuid }) => uuid)).toEqual(ticks)
  })

  it('has the zone of the option, or of the machine, in what is stored', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('a', '0 6 * * *', add(), { zone: 'Europe/Berlin' })
    await server.schedule('b', 'TZ=Asia/Tokyo @daily', add())
    await server.schedule('c', '@every 90s', add())
    await server.schedule('d', '@daily', add(), { zone: 'Europe/Berlin', dst: 'utc' })
    await server.schedule('e', '@daily', add())
    const specs = (await server.schedules.list()).map(({ spec }) => spec)
    expect(specs.slice(0, 4)).toEqual([
      'CRON_TZ=Europe/Berlin 0 6 * * *',
      'TZ=Asia/Tokyo @daily',
      '@every 90s',
      'CRON_TZ=UTC @daily',
    ])
    expect(specs[4]).toMatch(/^CRON_TZ=\S+ @daily$/)
  })

  it('fires by the time of the store, whatever the clock of the server says', async () => {
    await using world = scheduling()
    const { clock } = world
    const { server } = await world.open({
      server: {},
      backend: (backend) => ({
        ...backend,
        schedules: { ...world.schedules, now: async () => clock.now() + 2 * HOUR },
      }),
      fused: false,
    })
    await world.schedules.put({ name: 'sum', spec: 'CRON_TZ=UTC 0 3 * * *', options: '{}' })
    await server.schedule('sum', 'CRON_TZ=UTC 0 3 * * *', add(1))
    await clock.advance(HOUR - 1)
    expect(await world.messages()).toEqual([])
    await clock.advance(1)
    expect(await world.messages()).toHaveLength(1)
  })

  it('ends with the server', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('sum', EVERY_MINUTE, add(1))
    await server.close()
    expect(world.clock.pendingTimers).toBe(0)
    await expect(server.schedule('other', EVERY_MINUTE, add(1))).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(server.schedules.runNow('sum')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('asks nothing of the store, and sets no timer, before there is one', async () => {
    await using world = scheduling()
    await world.open()
    await world.clock.advance(HOUR)
    expect(world.clock.pendingTimers).toBe(0)
  })
})

describe('a schedule is refused', () => {
  const wrongOptions: readonly [object, RegExp][] = [
    [{ zone: 'Mars/Base' }, /^zone is "Mars\/Base"/],
    [{ dst: 'never' }, /^dst is "never"/],
    [{ catchUp: 'all' }, /^catchUp is "all"/],
    [{ catchUp: null }, /^catchUp is null/],
    [{ catchUp: { max: 0, withinMs: 1 } }, /^catchUp.max is 0/],
    [{ catchUp: { max: 1, withinMs: 0 } }, /^catchUp.withinMs is 0/],
    [{ catchUp: { max: 1, within: '24h' } }, /unknown option "within"/],
    [{ overlap: 'wait' }, /^overlap is "wait"/],
    [{ interop: { lockName: 'x' } }, /unknown option "lockName"/],
    [{ interop: { programName: 7 } }, /^programName is 7/],
    [
      { interop: {}, catchUp: { max: 2, withinMs: 1 } },
      /^catchUp is an object; 'none' or 'last', with interop/,
    ],
    [{ retries: 3 }, /unknown option "retries"/],
  ]

  it.each(wrongOptions)('with %j', async (options, text) => {
    await using world = scheduling()
    const { server } = await world.open()
    const refused = server.schedule('sum', EVERY_MINUTE, add(1), options)
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringMatching(text),
    })
    expect(await server.schedules.list()).toEqual([])
  })

  it('with a specification that robfig/cron refuses, in its words, and with a wrong name', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await expect(server.schedule('sum', '* * * * * *', add(1))).rejects.toThrow(
      'expected exactly 5 fields, found 6: [* * * * * *]',
    )
    for (const name of ['', 'x'.repeat(201), 'half \ud83d', 7 as never]) {
      await expect(server.schedule(name, EVERY_MINUTE, add(1))).rejects.toThrow(/^name is /)
    }
  })

  it('with work that cannot be sent', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await expect(server.schedule('sum', EVERY_MINUTE, add as never)).rejects.toMatchObject({
      code: 'ERR_WORKFLOW_INVALID',
    })
    const large = add(...Array.from({ length: 16_000 }, () => 2 ** 52))
    await expect(server.schedule('sum', EVERY_MINUTE, large)).rejects.toMatchObject({
      code: 'ERR_WORKFLOW_TOO_LARGE',
    })
    const { server: bare } = await world.open({ backend: () => null })
    await expect(bare.schedule('sum', EVERY_MINUTE, group([add(1)]))).rejects.toMatchObject({
      code: 'ERR_BACKEND_REQUIRED',
    })
    await expect(bare.schedule('sum', EVERY_MINUTE, add(1), { overlap: 'skip' })).rejects.toMatchObject({
      code: 'ERR_BACKEND_REQUIRED',
    })
    const noResult = add(1).with({ noResult: true })
    await expect(server.schedule('sum', EVERY_MINUTE, noResult, { overlap: 'skip' })).rejects.toThrow(
      /^overlap is "skip"; "allow", for work that ends with noResult, is right/,
    )
  })
})

describe('server.schedules', () => {
  it('lists what is stored, with the last and the next tick', async () => {
    await using world = scheduling()
    const [{ server }, { server: other }] = [await world.open(), await world.open()]
    await server.schedule('sum', EVERY_MINUTE, add(1), { overlap: 'skip', interop: { programName: 'app' } })
    await server.schedule('daily', 'CRON_TZ=UTC @daily', add(1))
    await world.schedules.put({ name: 'later release', spec: '@fortnightly', options: 'not JSON' })
    await world.clock.advance(90_000)
    expect(await other.schedules.list()).toEqual([
      {
        name: 'daily',
        spec: 'CRON_TZ=UTC @daily',
        options: { dst: 'go', catchUp: 'last', overlap: 'allow' },
        lastTickAt: undefined,
        nextTickAt: START + 24 * HOUR,
        isPaused: false,
      },
      {
        name: 'later release',
        spec: '@fortnightly',
        options: {},
        lastTickAt: undefined,
        nextTickAt: undefined,
        isPaused: false,
      },
      {
        name: 'sum',
        spec: EVERY_MINUTE,
        options: { dst: 'go', catchUp: 'last', overlap: 'skip', interop: { programName: 'app' } },
        lastTickAt: START + MINUTE,
        nextTickAt: START + 2 * MINUTE,
        isPaused: false,
      },
    ])
  })

  it('previews the next runs', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('quarter', '*/15 0-1 * * *', add(1), { zone: 'UTC' })
    await world.clock.advance(50 * MINUTE)
    const minutes = (await server.schedules.preview('quarter', 5)).map((at) => (at - START) / MINUTE)
    expect(minutes).toEqual([60, 75, 90, 105, 24 * 60])
    await expect(server.schedules.preview('quarter', 0)).rejects.toThrow(/^count is 0/)
    await expect(server.schedules.preview('other', 1)).rejects.toThrow(/^name is "other"/)
  })

  it('pauses for all servers; what was missed meanwhile stays missed', async () => {
    await using world = scheduling()
    const [{ server }, { server: other }] = [await world.open(), await world.open()]
    await server.schedule('sum', EVERY_MINUTE, add(1))
    await other.schedule('sum', EVERY_MINUTE, add(1))
    expect(await other.schedules.pause('sum')).toBe(true)
    await world.clock.advance(10 * MINUTE + 30_000)
    expect(await world.messages()).toEqual([])
    expect((await server.schedules.list())[0]).toMatchObject({ isPaused: true, nextTickAt: undefined })
    expect(await server.schedules.resume('sum')).toBe(true)
    await world.clock.advance(MINUTE)
    expect((await world.messages()).map(({ uuid }) => uuid)).toEqual([
      uuidOf('sum', EVERY_MINUTE, START + 11 * MINUTE),
    ])
    expect([await server.schedules.pause('x'), await server.schedules.resume('x')]).toEqual([false, false])
  })

  it('removes for all servers; one that schedules it again brings it back', async () => {
    await using world = scheduling()
    const [{ server }, { server: other }] = [await world.open(), await world.open()]
    await server.schedule('sum', EVERY_MINUTE, add(1))
    await other.schedule('sum', EVERY_MINUTE, add(1))
    expect(await server.schedules.remove('sum')).toBe(true)
    await world.clock.advance(5 * MINUTE)
    expect(await world.messages()).toEqual([])
    expect(await server.schedules.remove('sum')).toBe(false)
    await server.schedule('sum', EVERY_MINUTE, add(1))
    await world.clock.advance(MINUTE)
    expect(await world.messages()).toHaveLength(1)
  })

  it('runs one now, without moving its ticks', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('sum', '@every 1h', chord([add(1, 1), add(2, 2)], add(5)))
    const runs = [await server.schedules.runNow('sum'), await server.schedules.runNow('sum')]
    expect(new Set(runs.flat()).size).toBe(2)
    await using worker = await server.startWorker({ noSignals: true })
    expect(await server.result(runs[0]?.[0] ?? '').get({ timeoutMs: 1_000 })).toBe(11)
    expect(worker.running).toBe(0)
    expect((await server.schedules.list())[0]).toMatchObject({
      lastTickAt: undefined,
      nextTickAt: START + HOUR,
    })
    await expect(server.schedules.runNow('other')).rejects.toThrow(
      /^name is "other"; a schedule of this server/,
    )
  })
})
