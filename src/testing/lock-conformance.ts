import assert from 'node:assert/strict'
import type { Lock } from '../core/ports/lock.ts'
import { type PassingTime, type TimeSource, passingTime } from './passing-time.ts'
import type { TestRunner } from './test-runner.ts'

/** One lock under test. */
export interface LockSession extends TimeSource {
  readonly lock: Lock
  readonly close: () => Promise<void>
}

/** How the suite gets at the locks of one driver. */
export interface LockHarness {
  readonly name: string
  /** Called once per case. May give the same store each time: the cases use keys of their own. */
  readonly open: () => Promise<LockSession>
}

interface LockTest extends PassingTime {
  readonly lock: Lock
  newKey(): string
  /** Locks `key` until `ms` from now. */
  take(key: string, ms: number): Promise<boolean>
}

/** Defines the tests that make the text of the `Lock` port, and Machinery's contract behind it, executable. */
export function lockConformance(runner: TestRunner, harness: LockHarness): void {
  const test = (name: string, run: (t: LockTest) => Promise<void>): void => {
    runner.it(name, async () => {
      const session = await harness.open()
      const { lock, clock } = session
      const time = passingTime(session, [])
      const take = (key: string, ms: number): Promise<boolean> =>
        time.settled(lock.lock(key, BigInt(Math.floor(clock.now()) + ms) * 1_000_000n - 1n), 'lock')
      let keys = 0
      // The form of Go's keys: plain concatenation of program, name and cron expression (go-core 4.10).
      const newKey = (): string =>
        `machinery_lock_utils.test${clock.random().toString(36).slice(2)}-${keys++}*/3 * * * *`
      try {
        await run({ ...time, lock, newKey, take })
      } finally {
        await session.close()
      }
    })
  }

  runner.describe(`${harness.name} lock`, () => {
    test('is taken by the first and refused to others until its time has passed', async (t) => {
      const key = t.newKey()
      assert.equal(await t.take(key, 120), true)
      assert.equal(await t.take(key, 120), false)
      assert.equal(await t.take(key, 3_600_000), false, 'a later time does not help')
      await t.pass(140)
      assert.equal(await t.take(key, 3_600_000), true)
      assert.equal(await t.take(key, 3_600_000), false)
    })

    test('is not prolonged by an attempt that failed', async (t) => {
      const key = t.newKey()
      assert.equal(await t.take(key, 100), true)
      assert.equal(await t.take(key, 3_600_000), false)
      await t.pass(120)
      assert.equal(await t.take(key, 100), true)
    })

    test('has one winner among concurrent attempts', async (t) => {
      const key = t.newKey()
      const attempts = await Promise.all(Array.from({ length: 20 }, () => t.take(key, 3_600_000)))
      assert.equal(attempts.filter((taken) => taken).length, 1)
    })

    test('has one winner among concurrent attempts after it ran out', async (t) => {
      const key = t.newKey()
      await t.take(key, 50)
      await t.pass(70)
      const attempts = await Promise.all(Array.from({ length: 20 }, () => t.take(key, 3_600_000)))
      assert.equal(attempts.filter((taken) => taken).length, 1)
    })

    test('keeps keys apart', async (t) => {
      const [one, other] = [t.newKey(), t.newKey()]
      assert.equal(await t.take(one, 3_600_000), true)
      assert.equal(await t.take(other, 3_600_000), true)
    })

    test('takes a time that has passed already without holding anything', async (t) => {
      const key = t.newKey()
      assert.equal(await t.take(key, -1_000), true)
      assert.equal(await t.take(key, 3_600_000), true)
    })

    test('closes twice', async (t) => {
      await t.settled(Promise.all([t.lock.close(), t.lock.close()]), 'close')
      await t.settled(t.lock.close(), 'close')
    })
  })
}
