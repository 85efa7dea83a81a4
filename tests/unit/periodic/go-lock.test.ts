import { basename } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { Lock } from '../../../src/core/ports/lock.ts'
import { tickUuids } from '../../../src/periodic/tick-id.ts'
import { goLockKey } from '../../../src/periodic/go-lock.ts'
import { add, MINUTE, scheduling, START, withoutSchedules, type Scheduling } from './scheduling.ts'

const SPEC = 'CRON_TZ=UTC */3 * * * *'
const minuteNs = (minute: number): bigint => BigInt(START + minute * MINUTE) * 1_000_000n

/** The lock of a store, and what was asked of it. */
function recorded(world: Scheduling): { lock: Lock; calls: (readonly [string, bigint, boolean])[] } {
  const calls: (readonly [string, bigint, boolean])[] = []
  const { lock } = world.store.open()
  return {
    calls,
    lock: {
      ...lock,
      lock: async (key, expiresAtNs) => {
        const isTaken = await lock.lock(key, expiresAtNs)
        calls.push([key, expiresAtNs, isTaken])
        return isTaken
      },
    },
  }
}

const minutesOf = async (world: Scheduling): Promise<readonly number[]> =>
  (await world.messages()).map(({ uuid }) =>
    Array.from({ length: 60 }, (_, minute) => minute).findIndex(
      (minute) =>
        tickUuids({ name: 'test', spec: SPEC, tickAt: START + minute * MINUTE }).uuidOf('it') === uuid,
    ),
  )

describe('the key of the lock', () => {
  it('is what Go writes', () => {
    expect(goLockKey('utils.test', 'test', '*/3 * * * *')).toBe('machinery_lock_utils.testtest*/3 * * * *')
  })

  it('begins with the name of the main script, unless another is given', () => {
    expect(goLockKey(undefined, 'a', 'b')).toBe(`machinery_lock_${basename(process.argv[1] ?? '')}ab`)
  })
})

describe('where the backend has no place for schedules', () => {
  it('the lock lets one server fire, and is held until the next tick', async () => {
    await using world = scheduling()
    const { lock, calls } = recorded(world)
    for (let count = 0; count < 3; count++) {
      const { server } = await world.open({ backend: withoutSchedules, server: { lock } })
      await server.schedule('test', SPEC, add(1), { interop: { programName: 'utils.test' } })
    }
    await world.clock.advance(6.5 * MINUTE)
    expect(await minutesOf(world)).toEqual([3, 6])
    const key = `machinery_lock_utils.testtest${SPEC}`
    expect(calls).toEqual([
      [key, minuteNs(6) - 1n, true],
      [key, minuteNs(6) - 1n, false],
      [key, minuteNs(6) - 1n, false],
      [key, minuteNs(9) - 1n, true],
      [key, minuteNs(9) - 1n, false],
      [key, minuteNs(9) - 1n, false],
    ])
  })

  it('list, pause, resume, remove and runNow hold for the server', async () => {
    await using world = scheduling()
    const { server } = await world.open({ backend: withoutSchedules })
    await server.schedule('test', SPEC, add(1))
    expect(await server.schedules.list()).toMatchObject([
      { name: 'test', spec: SPEC, lastTickAt: undefined, nextTickAt: START + 3 * MINUTE },
    ])
    expect(await server.schedules.pause('test')).toBe(true)
    await world.clock.advance(4 * MINUTE)
    expect(await server.schedules.resume('test')).toBe(true)
    await world.clock.advance(3 * MINUTE)
    expect(await minutesOf(world)).toEqual([6])
    expect(await server.schedules.list()).toMatchObject([{ lastTickAt: START + 6 * MINUTE }])
    await server.schedules.runNow('test')
    expect(await world.messages()).toHaveLength(2)
    expect([await server.schedules.remove('test'), await server.schedules.remove('test')]).toEqual([
      true,
      false,
    ])
    expect(await server.schedules.pause('test')).toBe(false)
    await world.clock.advance(6 * MINUTE)
    expect(await world.messages()).toHaveLength(2)
  })

  it('a changed specification begins now, and what the broker refused is tried again', async () => {
    await using world = scheduling()
    const { server, faults } = await world.open({ backend: withoutSchedules, fused: false })
    await server.schedule('test', '@every 1h', add(1))
    await server.schedule('test', SPEC, add(1))
    faults.down = true
    await world.clock.advance(3 * MINUTE + 1_000)
    expect(await world.messages()).toEqual([])
    faults.down = false
    await world.clock.advance(20_000)
    expect(await minutesOf(world)).toEqual([3])
  })

  it('overlap is kept to as well', async () => {
    await using world = scheduling()
    const { server } = await world.open({ backend: withoutSchedules })
    await server.schedule('test', SPEC, add(1), { overlap: 'skip' })
    await world.clock.advance(10 * MINUTE)
    expect(await minutesOf(world)).toEqual([3])
    await using worker = await server.startWorker({ noSignals: true })
    await world.clock.advance(3 * MINUTE)
    expect([worker.running, await world.messages()]).toEqual([0, []])
    expect(await server.schedules.list()).toMatchObject([{ lastTickAt: START + 12 * MINUTE }])
  })
})

describe('with interop', () => {
  it('a tick that Go has taken is not fired, and the next one is', async () => {
    await using world = scheduling()
    const { lock, calls } = recorded(world)
    const { server } = await world.open({ server: { lock } })
    await server.schedule('test', '*/3 * * * *', add(1), { zone: 'UTC', interop: { programName: 'app' } })
    await world.clock.advance(3 * MINUTE - 1)
    const key = 'machinery_lock_apptest*/3 * * * *'
    // As a Go server whose clock is a little ahead.
    expect(await world.store.lock.lock(key, minuteNs(6) - 1n)).toBe(true)
    await world.clock.advance(2 * MINUTE)
    expect(await minutesOf(world)).toEqual([])
    await world.clock.advance(2 * MINUTE)
    expect(await minutesOf(world)).toEqual([6])
    expect(calls).toEqual([
      [key, minuteNs(6) - 1n, false],
      [key, minuteNs(9) - 1n, true],
    ])
    expect(await world.store.lock.lock(key, minuteNs(9))).toBe(false)
  })

  it('a fire that has to be tried again keeps its lock', async () => {
    await using world = scheduling()
    let failures = 2
    const { server } = await world.open({
      fused: false,
      backend: (backend) => ({
        ...backend,
        schedules: {
          ...world.schedules,
          fire: async (tick) => {
            if (failures-- > 0) throw new Error('the store is away')
            return world.schedules.fire(tick)
          },
        },
      }),
    })
    await server.schedule('test', SPEC, add(1), { interop: {} })
    await world.clock.advance(3 * MINUTE + 5_000)
    expect(await minutesOf(world)).toEqual([3])
  })

  it('a missed tick is made up for, unless Go has run it', async () => {
    for (const hasGoRun of [false, true]) {
      await using world = scheduling()
      const { server } = await world.open()
      const interop = { programName: 'app' }
      await server.schedule('test', SPEC, add(1), { interop })
      await server.close()
      await world.clock.advance(3 * MINUTE)
      if (hasGoRun) await world.store.lock.lock(`machinery_lock_apptest${SPEC}`, minuteNs(6) - 1n)
      await world.clock.advance(MINUTE)
      const { server: again } = await world.open()
      await again.schedule('test', SPEC, add(1), { interop })
      await world.clock.advance(MINUTE)
      expect(await minutesOf(world)).toEqual(hasGoRun ? [] : [3])
    }
  })
})
