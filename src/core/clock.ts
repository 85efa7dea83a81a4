import { MachineryError } from './errors.ts'

/** A timer that was set; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * All time, timers and randomness of the product. Tests and the simulation inject their own, so that no test sleeps and
 * every run can be repeated from a seed. No wall clock decides safety: `now()` only answers "when is it due".
 */
export interface Clock {
  /** Wall time in epoch milliseconds; may jump. */
  now(): number
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonic(): number
  /** Calls `callback` once, after at least `delayMs`. A pending timer keeps the process alive only if `hold` is true. */
  setTimer(callback: () => void, delayMs: number, hold?: boolean): Timer
  /** Calls `callback` once, after the current turn of the event loop: the moment at which a batch is complete. */
  defer(callback: () => void): void
  /** Uniform in [0, 1). */
  random(): number
}

/** setTimeout fires at once for delays above this. */
const MAX_TIMEOUT_MS = 2_147_483_647

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, hold = false) {
    let left = delayMs
    let handle: NodeJS.Timeout
    const arm = (): void => {
      const step = Math.min(left, MAX_TIMEOUT_MS)
      left -= step
      handle = setTimeout(() => (left > 0 ? arm() : callback()), step)
      if (!hold) handle.unref()
    }
    arm()
    return { cancel: () => clearTimeout(handle) }
  },
  defer: (callback) => void setImmediate(callback),
  random: () => Math.random(),
}

/**
 * Resolves after `ms`.
 * @throws the signal's reason when `signal` is or becomes aborted.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortReason(signal))
    const timer = clock.setTimer(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      ms,
      true,
    )
    const onAbort = (): void => {
      timer.cancel()
      reject(abortReason(signal as AbortSignal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The reason of an aborted signal as an Error. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  if (reason instanceof Error) return reason
  return new MachineryError('ERR_CLOSED', typeof reason === 'string' ? reason : 'aborted', { cause: reason })
}
