import { expect } from 'vitest'

import { goLockKey } from '../../../src/periodic/go-lock.ts'
import { redisStore } from '../../../src/drivers/redis/index.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Cell } from '../cell.ts'
import { PROGRAM_NAME } from '../go-build.ts'
import { nothing } from '../tasks.ts'

const AREA = 'periodic tasks'
const WAIT = { timeoutMs: 10_000 }
const EVERY_SECOND = '@every 1s'
const TICKS = 4
const LOCK_MS = 60_000

/** The lock of periodic tasks, which both languages take before each tick. */
export const PERIODIC_CELLS: readonly Cell[] = [
  {
    area: AREA,
    direction: 'mixed',
    name: 'a lock that one language holds, the other does not get',
    run: async ({ go, goSettings, name }) => {
      await using store = await redisStore({ url: goSettings.lock ?? '' })
      const until = BigInt(Date.now() + LOCK_MS) * 1_000_000n
      await go.lock(name('go'), until)
      expect(await store.lock.lock(name('go'), until)).toBe(false)
      expect(await store.lock.lock(name('ts'), until)).toBe(true)
      await expect(go.lock(name('ts'), until)).rejects.toThrow('redis lock: failed to acquire lock')
    },
  },
  {
    area: AREA,
    direction: 'mixed',
    name: 'the key of the lock is the same, with the name of the program',
    run: async ({ go }) => {
      expect(await go.lockName('nightly', '0 6 * * *')).toBe(goLockKey(PROGRAM_NAME, 'nightly', '0 6 * * *'))
    },
  },
  {
    area: AREA,
    direction: 'mixed',
    name: 'two schedulers of the same name and specification: each tick once',
    run: async ({ go, name, tsQueue, openServer }) => {
      const server = await openServer()
      const schedule = name('tick')
      const work = nothing().with({ routingKey: tsQueue })
      await go.periodic(schedule, EVERY_SECOND, { name: 'nothing', queue: tsQueue })
      await server.schedule(schedule, EVERY_SECOND, work, { interop: { programName: PROGRAM_NAME } })
      const sent = await waitFor(async () => {
        const pending = await server.getPendingTasks()
        return pending.length >= TICKS ? pending : undefined
      }, WAIT)
      const states = await Promise.all(sent.map(({ uuid }) => server.result(uuid).state()))
      const seconds = states.map((state) => Math.floor(Date.parse(state?.createdAt ?? '') / 1_000))
      // A tick that is a moment late must not look like one that was fired twice.
      const spanned = Math.max(...seconds) - Math.min(...seconds) + 1
      expect(sent.length, seconds.join(' ')).toBeLessThanOrEqual(spanned + 1)
    },
  },
]
