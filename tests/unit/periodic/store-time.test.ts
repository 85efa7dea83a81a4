import { describe, expect, it } from 'vitest'

import { StoreTime } from '../../../src/periodic/store-time.ts'
import { fakeClock } from '../../../src/testing/index.ts'

describe('the time of the store', () => {
  it('is that of the server before it is measured', async () => {
    const clock = fakeClock(1_000_000)
    await clock.advance(500)
    expect(new StoreTime(clock, async () => 0).now()).toBe(1_000_500)
  })

  it('goes by the monotonic clock afterwards, whatever becomes of the wall clock', async () => {
    const clock = fakeClock(1_000_000)
    const time = new StoreTime(clock, async () => 5_000_000 + clock.monotonic())
    await time.measure()
    clock.jump(-7_200_000)
    await clock.advance(250)
    expect(time.now()).toBe(5_000_250)
  })

  it('is the median of five measurements, each taken for the middle of its call', async () => {
    const clock = fakeClock(1_000_000)
    const callMs = [2, 1_000, 4, 3_000, 6]
    let calls = 0
    const time = new StoreTime(clock, async () => {
      const ms = callMs[calls++] ?? 0
      // Slow answers: the store had read its clock at the beginning of the call.
      const read = 5_000_000 + clock.monotonic()
      await clock.advance(ms)
      return read
    })
    await time.measure()
    // The errors are half of each call; the one in the middle is that of 6 ms.
    expect(time.now() - (5_000_000 + clock.monotonic())).toBe(-3)
    expect(calls).toBe(5)
  })
})
