import { channel } from 'node:diagnostics_channel'
import type { Clock, Timer } from '../core/clock.ts'

/** A clock whose time moves only when a test says so. */
export interface FakeClock extends Clock {
  /** Timers that are set and have not fired. */
  readonly pendingTimers: number
  /**
   * Moves both times forward by `ms`. Timers fire in the order of their time, each at its own time; after each one the
   * promises and deferred callbacks that it set off run to their end.
   */
  advance(ms: number): Promise<void>
  /** Advances from timer to timer until `predicate` holds. @throws Error when it does not within `limitMs`. */
  advanceUntil(predicate: () => boolean, limitMs: number): Promise<void>
  /** Lets promises and deferred callbacks run to their end; time stands still. */
  settle(): Promise<void>
  /** Moves the wall time alone, as a clock correction does; timers keep to the monotonic time. */
  jump(ms: number): void
}

/** Name of the diagnostics channel on which every new fake clock is announced, for leak checks. */
export const FAKE_CLOCK_CHANNEL = 'machinery-ts:fake-clock'

interface PendingTimer {
  readonly at: number
  readonly number: number
  readonly callback: () => void
}

/** 2026-01-01T00:00:00Z */
const DEFAULT_START_AT = 1_767_225_600_000
/** Turns of the event loop without a deferred callback after which everything counts as settled. */
const QUIET_TURNS = 2
const MAX_TURNS = 10_000

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** mulberry32: small, fast, and the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Makes a fake clock. `defer` runs through the real event loop, so that code which batches per turn works as it does
 * in production.
 *
 * @param startAt epoch ms of its wall time at the beginning
 * @param seed of `random()`: the same seed gives the same numbers
 */
export function fakeClock(startAt: number = DEFAULT_START_AT, seed: number = 1): FakeClock {
  const timers = new Set<PendingTimer>()
  let wallOffset = startAt
  let monotonic = 0
  let timerNumber = 0
  let deferred = 0

  const next = (): PendingTimer | undefined => {
    let first: PendingTimer | undefined
    for (const timer of timers) {
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.number < first.number)
      ) {
        first = timer
      }
    }
    return first
  }

  const settle = async (): Promise<void> => {
    let quiet = 0
    for (let turns = 0; quiet < QUIET_TURNS; turns++) {
      if (turns === MAX_TURNS) throw new Error(`still busy after ${MAX_TURNS} turns of the event loop`)
      await turn()
      quiet = deferred === 0 ? quiet + 1 : 0
    }
  }

  const fire = async (timer: PendingTimer): Promise<void> => {
    timers.delete(timer)
    monotonic = Math.max(monotonic, timer.at)
    timer.callback()
    await settle()
  }

  const clock: FakeClock = {
    get pendingTimers() {
      return timers.size
    },
    now: () => wallOffset + monotonic,
    monotonic: () => monotonic,
    setTimer(callback, delayMs): Timer {
      const timer: PendingTimer = { at: monotonic + Math.max(0, delayMs), number: timerNumber++, callback }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    defer(callback) {
      deferred++
      setImmediate(() => {
        deferred--
        callback()
      })
    },
    random: seededRandom(seed),
    async advance(ms) {
      const until = monotonic + ms
      await settle()
      for (let timer = next(); timer !== undefined && timer.at <= until; timer = next()) await fire(timer)
      monotonic = until
    },
    async advanceUntil(predicate, limitMs) {
      const until = monotonic + limitMs
      await settle()
      while (!predicate()) {
        const timer = next()
        if (timer === undefined || timer.at > until) {
          throw new Error(`not so within ${limitMs} ms; ${timers.size} timers are pending`)
        }
        await fire(timer)
      }
    },
    settle,
    jump(ms) {
      wallOffset += ms
    },
  }
  channel(FAKE_CLOCK_CHANNEL).publish(clock)
  return clock
}
