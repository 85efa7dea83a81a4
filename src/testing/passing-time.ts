import assert from 'node:assert/strict'
import { type Clock, sleep } from '../core/clock.ts'
import type { Chore } from '../core/ports/broker.ts'

/** Longest wait for something that must happen at once, in milliseconds of the harness's clock. */
const LIMIT_MS = 5_000
const STEP_MS = 2
/** Turns of the event loop given to work that is under way before time moves. */
const TURNS = 4

/** What a suite must know of the time of the store under test. */
export interface TimeSource {
  readonly clock: Clock
  /** Lets `ms` pass; left out where the store runs on real time. */
  readonly advance?: (ms: number) => Promise<void>
}

/** Moves time, fake or real, while something is awaited. */
export interface PassingTime {
  /** Lets `ms` pass. */
  pass(ms: number): Promise<void>
  /** Runs the chores once and lets a moment pass. */
  tick(): Promise<void>
  /** The result of `promise`; fails when it does not end within `limitMs`. */
  settled<T>(promise: Promise<T>, what: string, limitMs?: number): Promise<T>
  /** Ends when `predicate` holds; fails when it does not within `limitMs`. */
  until(predicate: () => boolean | Promise<boolean>, what: string, limitMs?: number): Promise<void>
}

/** @param chores run at every tick: work of the driver that L1 would run. */
export function passingTime(source: TimeSource, chores: readonly Chore[]): PassingTime {
  const { clock } = source
  const idle = new AbortController().signal
  const pass = (ms: number): Promise<void> => (source.advance ? source.advance(ms) : sleep(clock, ms))

  const tick = async (): Promise<void> => {
    for (const chore of chores) await chore.run(idle)
    await pass(STEP_MS)
  }

  return {
    pass,
    tick,
    async settled(promise, what, limitMs = LIMIT_MS) {
      let ended = false
      const end = (): void => void (ended = true)
      promise.then(end, end)
      const started = clock.monotonic()
      for (let turns = 0; !ended; turns++) {
        if (turns < TURNS) await new Promise<void>((resolve) => clock.defer(resolve))
        else await tick()
        if (!ended && clock.monotonic() - started > limitMs) assert.fail(`${what}: not within ${limitMs} ms`)
      }
      return promise
    },
    async until(predicate, what, limitMs = LIMIT_MS) {
      const started = clock.monotonic()
      while (!(await predicate())) {
        if (clock.monotonic() - started > limitMs) assert.fail(`${what}: not within ${limitMs} ms`)
        await tick()
      }
    },
  }
}
