import { expect, it } from 'vitest'

import type { ScheduleStore } from '../../src/core/ports/schedule-store.ts'
import { describeService } from '../support/services.ts'
import { openStore, rawClient } from './redis-fixture.ts'

const SPEC = { spec: '*/5 * * * *', options: '{"a":1}' } as const
const payload = Buffer.from([0, 255, 10])

await describeService('redis', (service) => {
  const open = async (): Promise<{
    readonly schedules: ScheduleStore
    readonly name: string
    now: number
  }> => {
    const { backend } = await openStore({ url: service.url })
    const { schedules } = backend
    if (schedules === undefined) throw new Error('redis has schedules')
    const name = `${service.namespace()} ☃:x`
    await schedules.remove(name)
    return { schedules, name, now: await schedules.now() }
  }

  it('stores a schedule, which begins with the moment at which it was stored', async () => {
    const { schedules, name, now } = await open()
    expect(await schedules.get(name)).toBeUndefined()
    await schedules.put({ name, ...SPEC })
    const stored = await schedules.get(name)
    expect(stored).toMatchObject({ name, ...SPEC, hasFired: false, isPaused: false })
    expect(Math.abs((stored?.lastTickAt ?? 0) - now)).toBeLessThan(2_000)
    expect((await schedules.list()).map((schedule) => schedule.name)).toContain(name)
    expect(await schedules.remove(name)).toBe(true)
    expect(await schedules.remove(name)).toBe(false)
  })

  it('fires a tick once, whoever asks, and none of the past', async () => {
    const { schedules, name, now } = await open()
    await schedules.put({ name, ...SPEC })
    const tick = { name, tickAt: now + 10_000, payload }
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => schedules.fire(tick)))
    expect(outcomes.filter((outcome) => outcome === 'fired')).toHaveLength(1)
    expect(await schedules.fire({ ...tick, tickAt: now + 9_000 })).toBe('skipped')
    expect(await schedules.get(name)).toMatchObject({ lastTickAt: now + 10_000, hasFired: true })
    expect(await schedules.fire({ ...tick, name: `${name} unknown` })).toBe('skipped')
    await schedules.remove(name)
  })

  it('keeps a tick in the outbox until it is published', async () => {
    const { schedules, name, now } = await open()
    await schedules.put({ name, ...SPEC })
    await schedules.fire({ name, tickAt: now + 1_000, payload })
    await schedules.fire({ name, tickAt: now + 2_000, payload })
    const ours = async () => (await schedules.outbox(0, 1_000)).filter((entry) => entry.name === name)
    const entries = await ours()
    expect(entries.map(({ tickAt }) => tickAt)).toEqual([now + 1_000, now + 2_000])
    expect(Buffer.from(entries[0]?.payload ?? [])).toEqual(payload)
    expect(Math.abs((entries[0]?.firedAt ?? 0) - now)).toBeLessThan(2_000)
    expect((await schedules.outbox(60_000, 1_000)).filter((entry) => entry.name === name)).toEqual([])
    await schedules.published(name, now + 1_000)
    await schedules.published(name, now + 1_000)
    expect((await ours()).map(({ tickAt }) => tickAt)).toEqual([now + 2_000])
    await schedules.remove(name)
    expect(await ours()).toEqual([])
    expect(await rawClient(service.url).hexists('mq:{cron}:out', `${now + 2_000}:${name}`)).toBe(0)
  })

  it('keeps last tick and pause when it is stored again, and begins anew with a changed spec', async () => {
    const { schedules, name, now } = await open()
    await schedules.put({ name, ...SPEC })
    await schedules.fire({ name, tickAt: now + 60_000, payload })
    await schedules.setPaused(name, true)
    await schedules.put({ name, ...SPEC, options: '{}' })
    expect(await schedules.get(name)).toMatchObject({
      lastTickAt: now + 60_000,
      isPaused: true,
      options: '{}',
    })
    await schedules.put({ name, spec: '0 6 * * *', options: '{}' })
    expect(await schedules.get(name), 'a tick that was fired is never fired again').toMatchObject({
      lastTickAt: now + 60_000,
      spec: '0 6 * * *',
    })
    await schedules.remove(name)
  })

  it('does not fire while paused, and leaves what was missed when it is resumed', async () => {
    const { schedules, name, now } = await open()
    expect(await schedules.setPaused(name, true)).toBe(false)
    await schedules.put({ name, ...SPEC })
    expect(await schedules.setPaused(name, true)).toBe(true)
    expect(await schedules.fire({ name, tickAt: now + 1_000, payload })).toBe('skipped')
    expect(await schedules.setPaused(name, false)).toBe(true)
    const stored = await schedules.get(name)
    expect(stored?.isPaused).toBe(false)
    expect((stored?.lastTickAt ?? 0) >= now).toBe(true)
    expect(await schedules.fire({ name, tickAt: now + 60_000, payload })).toBe('fired')
    await schedules.remove(name)
  })
})
