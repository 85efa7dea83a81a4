import { describe, expect, it } from 'vitest'

import type { Backend } from '../../../src/core/ports/backend.ts'
import type { FireWrite, ScheduleStore } from '../../../src/core/ports/schedule-store.ts'
import { MachineryError } from '../../../src/core/errors.ts'
import { tickUuids } from '../../../src/periodic/tick-id.ts'
import { encodePayload } from '../../../src/periodic/tick-payload.ts'
import { group } from '../../../src/workflow/group.ts'
import { add, HOUR, MINUTE, scheduling, START, type Scheduling } from './scheduling.ts'

const SPEC = 'CRON_TZ=UTC */10 * * * *'
const TEN = 10 * MINUTE
const lost = new MachineryError('ERR_CONNECTION_LOST', 'the store is away')

const ticksOf = (uuids: readonly string[], name = 'sum'): readonly number[] =>
  uuids.map((uuid) => {
    const tick = Array.from({ length: 200 }, (_, index) => index).find(
      (index) => tickUuids({ name, spec: SPEC, tickAt: START + index * TEN }).uuidOf('it') === uuid,
    )
    return tick ?? -1
  })

const publishedTicks = async (world: Scheduling, name?: string): Promise<readonly number[]> =>
  ticksOf(
    (await world.messages()).map(({ uuid }) => uuid),
    name,
  )

/** The store of one server, changed. */
const withSchedules =
  (changes: (store: ScheduleStore) => Partial<ScheduleStore>) =>
  (backend: Backend): Backend => {
    const store = backend.schedules as ScheduleStore
    return { ...backend, schedules: { ...store, ...changes(store) } }
  }

describe('ticks that no server could fire', () => {
  const missedWith = async (catchUp: 'none' | 'last' | { max: number; withinMs: number }) => {
    await using world = scheduling()
    const { server } = await world.open()
    await server.schedule('sum', SPEC, add(1), { catchUp })
    await world.clock.advance(TEN)
    await server.close()
    await world.clock.advance(5 * TEN + 2 * MINUTE)
    const { server: again } = await world.open()
    await again.schedule('sum', SPEC, add(1), { catchUp })
    await world.clock.advance(TEN)
    return publishedTicks(world)
  }

  it.each([
    ['none', [1, 7]],
    ['last', [1, 6, 7]],
    [{ max: 3, withinMs: HOUR }, [1, 4, 5, 6, 7]],
    [{ max: 3, withinMs: 15 * MINUTE }, [1, 5, 6, 7]],
  ] as const)('with catchUp %j', async (catchUp, ticks) => {
    expect(await missedWith(catchUp)).toEqual(ticks)
  })
})

describe('a tick that was fired', () => {
  it('and not published, since its server died, is published by another one', async () => {
    await using world = scheduling()
    const dying = await world.open({
      fused: false,
      backend: withSchedules(() => ({ published: () => new Promise(() => {}) })),
    })
    dying.faults.down = true
    await dying.server.schedule('sum', SPEC, add(1))
    await world.clock.advance(TEN)
    expect(await world.messages()).toEqual([])
    expect(await world.schedules.outbox(0, 10)).toMatchObject([{ name: 'sum', tickAt: START + TEN }])
    const { server: other } = await world.open({ fused: false })
    await other.schedule('another', '@every 24h', add(2))
    await world.clock.advance(20_000)
    expect(await publishedTicks(world)).toEqual([1])
    expect(await world.schedules.outbox(0, 10)).toEqual([])
  })

  it('and published, by a server that died before it could say so, is enqueued once', async () => {
    await using world = scheduling()
    const dying = await world.open({
      backend: withSchedules(() => ({
        published: async () => {
          throw lost
        },
      })),
    })
    await dying.server.schedule('sum', SPEC, add(1))
    await world.clock.advance(TEN)
    expect(await publishedTicks(world)).toEqual([1])
    const { server: other } = await world.open()
    await other.schedule('sum', SPEC, add(1))
    await world.clock.advance(30_000)
    expect(await publishedTicks(world)).toEqual([1])
    expect(await world.schedules.outbox(0, 10)).toEqual([])
  })

  it('is tried again while the broker is down, and logged with the text of Machinery', async () => {
    await using world = scheduling()
    const { server, faults } = await world.open({ fused: false })
    await server.schedule('sum', SPEC, group([add(1), add(2)]))
    faults.down = true
    await world.clock.advance(TEN + MINUTE)
    expect(world.logs[0]).toMatchObject({
      level: 'error',
      message: 'periodic task failed. task name is: sum. error is publish: connection lost (fault of a test)',
      fields: { schedule: 'sum', tickAt: START + TEN },
    })
    faults.down = false
    await world.clock.advance(15_000)
    expect(await world.messages()).toHaveLength(2)
    expect(await world.schedules.outbox(0, 10)).toEqual([])
  })

  it('and that the broker will never take is given up, visibly', async () => {
    await using world = scheduling()
    const { server, faults } = await world.open({ fused: false })
    const refused = new MachineryError('ERR_UNSUPPORTED', 'this broker keeps no delays')
    await server.schedule('sum', SPEC, add(1).with({ onSuccess: [add(2)] }))
    faults.refuse = refused
    await world.clock.advance(TEN + 30_000)
    expect(await world.messages()).toEqual([])
    expect(await world.schedules.outbox(0, 10)).toEqual([])
    expect(world.logs.map(({ message }) => message)).toEqual([
      'periodic task failed. task name is: sum. error is this broker keeps no delays',
    ])
    const tick = tickUuids({ name: 'sum', spec: SPEC, tickAt: START + TEN })
    const states = await world.store.backend.tasks.get([tick.uuidOf('first'), tick.uuidOf('second')])
    expect(states.map((state) => `${state?.state} ${state?.error}`)).toEqual([
      'FAILURE Publish message error: this broker keeps no delays',
      'FAILURE Publish message error: this broker keeps no delays',
    ])
  })

  it('with a payload that cannot be read is dropped into the log, and blocks nothing', async () => {
    await using world = scheduling()
    const { server } = await world.open()
    await world.schedules.put({ name: 'foreign', spec: SPEC, options: '{}' })
    const fired = [Buffer.from('garbage'), encodePayload([Buffer.from('{"UUID":7}')])]
    for (const [index, payload] of fired.entries()) {
      await world.schedules.fire({ name: 'foreign', tickAt: START + index + 1, payload })
    }
    await world.clock.advance(6_000)
    await server.schedule('sum', SPEC, add(1))
    await world.clock.advance(TEN)
    expect(await world.schedules.outbox(0, 10)).toEqual([])
    expect(await publishedTicks(world)).toEqual([1])
    expect(world.logs.map(({ level, fields }) => [level, fields['schedule'], fields['bytes']])).toEqual([
      ['error', 'foreign', 7],
      ['error', 'foreign', fired[1]?.byteLength],
    ])
    expect(world.logs[0]?.fields['payload']).toBe(Buffer.from('garbage').toString('base64'))
  })
})

describe('a store in trouble', () => {
  it('delays a tick, and does not lose it', async () => {
    await using world = scheduling()
    let isAway = false
    const unlessAway = async <T>(call: () => Promise<T>): Promise<T> => {
      if (isAway) throw lost
      return call()
    }
    const { server } = await world.open({
      fused: false,
      backend: withSchedules((store) => ({
        now: () => unlessAway(() => store.now()),
        get: (name) => unlessAway(() => store.get(name)),
        list: () => unlessAway(() => store.list()),
        outbox: (...args) => unlessAway(() => store.outbox(...args)),
      })),
    })
    await server.schedule('sum', SPEC, add(1))
    await world.clock.advance(TEN - 1_000)
    isAway = true
    await world.clock.advance(2 * MINUTE)
    expect(await world.messages()).toEqual([])
    isAway = false
    await world.clock.advance(2_000)
    expect(await publishedTicks(world)).toEqual([1])
    const texts = new Set(world.logs.map(({ message }) => message))
    expect(texts).toContain('periodic task failed. task name is: sum. error is the store is away')
  })

  it('that loses the reply of a fire leaves the tick to the sweep', async () => {
    await using world = scheduling()
    const { server } = await world.open({
      fused: false,
      backend: withSchedules((store) => ({
        fire: async (tick: FireWrite) => {
          await store.fire(tick)
          throw lost
        },
      })),
    })
    await server.schedule('sum', SPEC, add(1))
    await world.clock.advance(TEN + 20_000)
    expect(await publishedTicks(world)).toEqual([1])
  })

  it('that hangs on one schedule does not hold back the others', async () => {
    await using world = scheduling()
    let release: () => void = () => {}
    const { server } = await world.open({
      fused: false,
      backend: withSchedules((store) => ({
        fire: async (tick: FireWrite) => {
          if (tick.name === 'hanging') await new Promise<void>((resolve) => (release = resolve))
          return store.fire(tick)
        },
      })),
    })
    await server.schedule('hanging', SPEC, add(1))
    await server.schedule('sum', SPEC, add(2))
    await world.clock.advance(3 * TEN)
    expect(await publishedTicks(world)).toEqual([1, 2, 3])
    release()
    await world.clock.settle()
    expect((await world.messages()).length).toBe(4)
  })

  it('is told at once when the first schedule cannot be stored, and can be tried again', async () => {
    await using world = scheduling()
    let isAway = true
    const { server } = await world.open({
      backend: withSchedules((store) => ({
        now: async () => {
          if (isAway) throw lost
          return store.now()
        },
      })),
      fused: false,
    })
    await expect(server.schedule('sum', SPEC, add(1))).rejects.toBe(lost)
    isAway = false
    await server.schedule('sum', SPEC, add(1))
    await world.clock.advance(TEN)
    expect(await publishedTicks(world)).toEqual([1])
  })
})
