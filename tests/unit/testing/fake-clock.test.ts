import { describe, expect, it } from 'vitest'
import { sleep } from '../../../src/core/clock.ts'
import { fakeClock } from '../../../src/testing/index.ts'

describe('fake clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = fakeClock(1_000)
    await clock.settle()
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
    await clock.advance(250)
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250])
  })

  it('fires timers in the order of their time, each at its own time, and ties in the order of setting', async () => {
    const clock = fakeClock()
    const fired: string[] = []
    const set = (name: string, ms: number) =>
      clock.setTimer(() => fired.push(`${name}@${clock.monotonic()}`), ms)
    set('c', 30)
    set('a', 10)
    set('b1', 20)
    set('b2', 20)
    set('late', 31)
    await clock.advance(30)
    expect(fired).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30'])
    expect(clock.pendingTimers).toBe(1)
    await clock.advance(1)
    expect(fired.at(-1)).toBe('late@31')
    expect(clock.pendingTimers).toBe(0)
  })

  it('lets promises and deferred callbacks settle between timers, and fires timers that they set', async () => {
    const clock = fakeClock()
    const seen: string[] = []
    const run = async (): Promise<void> => {
      await sleep(clock, 10)
      seen.push(`slept@${clock.monotonic()}`)
      await new Promise<void>((resolve) => clock.defer(resolve))
      await new Promise<void>((resolve) => clock.defer(resolve))
      seen.push(`deferred@${clock.monotonic()}`)
      await sleep(clock, 5)
      seen.push(`slept again@${clock.monotonic()}`)
    }
    const ended = run()
    clock.setTimer(() => seen.push(`other@${clock.monotonic()}`), 12)
    await clock.advance(100)
    await ended
    expect(seen).toEqual(['slept@10', 'deferred@10', 'other@12', 'slept again@15'])
  })

  it('does not fire a cancelled timer', async () => {
    const clock = fakeClock()
    let fired = false
    const timer = clock.setTimer(() => (fired = true), 10)
    timer.cancel()
    timer.cancel()
    await clock.advance(20)
    expect(fired).toBe(false)
  })

  it('jumps the wall time alone', async () => {
    const clock = fakeClock(1_000)
    let fired = false
    clock.setTimer(() => (fired = true), 10)
    clock.jump(-500)
    expect([clock.now(), clock.monotonic()]).toEqual([500, 0])
    clock.jump(3_600_000)
    await clock.settle()
    expect(fired).toBe(false)
    await clock.advance(10)
    expect(fired).toBe(true)
  })

  it('advances until something holds, and says so when it does not', async () => {
    const clock = fakeClock()
    let ticks = 0
    const tick = (): void => {
      ticks++
      clock.setTimer(tick, 7)
    }
    const first = clock.setTimer(tick, 7)
    await clock.advanceUntil(() => ticks === 3, 1_000)
    expect(clock.monotonic()).toBe(21)
    await expect(clock.advanceUntil(() => false, 100)).rejects.toThrow(
      'not so within 100 ms; 1 timers are pending',
    )
    first.cancel()
    const others = fakeClock()
    await expect(others.advanceUntil(() => false, 100)).rejects.toThrow('0 timers are pending')
    clock.setTimer = () => first
    await clock.advance(7)
    expect(clock.pendingTimers).toBe(0)
  })

  it('gives the same random numbers for the same seed', () => {
    const numbers = (seed: number): readonly number[] => {
      const clock = fakeClock(0, seed)
      return Array.from({ length: 1_000 }, () => clock.random())
    }
    expect(numbers(7)).toEqual(numbers(7))
    expect(numbers(7)).not.toEqual(numbers(8))
    expect(numbers(7).every((value) => value >= 0 && value < 1)).toBe(true)
    const mean = numbers(7).reduce((sum, value) => sum + value, 0) / 1_000
    expect(mean).toBeGreaterThan(0.45)
    expect(mean).toBeLessThan(0.55)
  })
})
