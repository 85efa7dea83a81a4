import type { Clock } from '../../core/clock.ts'

/** The outcome of `promise`, or a rejection with what `late` makes after `ms`; a late outcome is given to `onLate`. */
export function within<T>(
  clock: Clock,
  promise: Promise<T>,
  ms: number,
  late: () => Error,
  onLate: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = clock.setTimer(
      () => {
        isLate = true
        reject(late())
      },
      ms,
      true,
    )
    promise.then(
      (value) => {
        timer.cancel()
        if (isLate) onLate(value)
        else resolve(value)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}
