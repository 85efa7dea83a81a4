/** How `waitFor` waits. */
export interface WaitForOptions {
  /** @default 5_000 */
  readonly timeoutMs?: number
  /** Names what is awaited in the error. */
  readonly what?: string
}

const TURNS_BEFORE_TIMERS = 50
const POLL_MS = 2

/**
 * Polls until `predicate` gives something truthy, and answers it: the one place where tests wait on real time.
 * @throws Error naming `what` when it does not within `timeoutMs`; whatever `predicate` throws, at once
 */
export async function waitFor<T>(
  predicate: () => T | Promise<T>,
  { timeoutMs = 5_000, what = predicate.toString() }: WaitForOptions = {},
): Promise<NonNullable<T>> {
  const started = performance.now()
  for (let turns = 0; ; turns++) {
    const value = await predicate()
    if (value) return value
    if (performance.now() - started > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise<void>((resolve) => {
      if (turns < TURNS_BEFORE_TIMERS) setImmediate(resolve)
      else setTimeout(resolve, POLL_MS)
    })
  }
}
