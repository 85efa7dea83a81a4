import { expect, it } from 'vitest'
import { openEventLoopDelay } from '../../../src/app/event-loop-delay.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { waitFor } from '../../support/wait-for.ts'

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

it('tells how late the event loop was, and forgets it after two windows', async () => {
  const clock = fakeClock()
  const delay = openEventLoopDelay(clock)
  try {
    const blocked = await waitFor(() => {
      block(200)
      const p99 = delay.p99Ms()
      return p99 > 100 ? p99 : undefined
    })
    expect(blocked).toBeLessThan(10_000)
    await clock.advance(5_000)
    expect(delay.p99Ms()).toBeGreaterThan(100)
    expect(delay.p99Ms(), 'of the window before').toBeGreaterThan(100)
    await clock.advance(5_000)
    expect(delay.p99Ms()).toBeLessThan(blocked)
  } finally {
    delay.close()
    delay.close()
  }
})
