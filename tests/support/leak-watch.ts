import { createHook } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { FAKE_CLOCK_CHANNEL, type FakeClock } from '../../src/testing/index.ts'

/**
 * Kinds of asynchronous resources that somebody has to close. A TLSWRAP is not one: it lasts until the garbage is collected,
 * and the socket beneath it is watched.
 */
const WATCHED =
  /^(?:TCPWRAP|TCPSERVERWRAP|PIPEWRAP|PIPESERVERWRAP|UDPWRAP|FSEVENTWRAP|STATWATCHER|PROCESSWRAP|WORKER)$/
const GRACE_MS = 1_000
const STEP_MS = 5

/** Looks for what a test leaves behind. */
export interface LeakWatch {
  /** What is opened from here on belongs to the test. */
  begin(): void
  /** What the test left open, one entry each; gives things that are just closing a moment. */
  leaks(graceMs?: number): Promise<readonly string[]>
}

/** Node marks a timer that fired or was cleared; there is no public way to ask that of one that is unref'd. */
const isOver = (handle: NodeJS.Timeout): boolean =>
  (handle as { readonly _destroyed?: boolean })._destroyed === true

const whence = (): string => new Error('opened').stack?.split('\n').slice(3, 8).join('\n') ?? ''

/**
 * Watches sockets, pipes, file watchers, child processes and threads (async_hooks), timers of this process (by wrapping
 * the global functions, since unref'd ones are listed nowhere) and timers of fake clocks.
 */
export function leakWatch(): LeakWatch {
  const resources = new Map<number, string>()
  const timers = new Map<NodeJS.Timeout, string>()
  const clocks = new Set<FakeClock>()

  const init = (id: number, type: string): void => {
    if (WATCHED.test(type)) resources.set(id, `${type} opened at\n${whence()}`)
  }
  const hook = { init, destroy: (id: number) => void resources.delete(id), trackPromises: false }
  createHook(hook).enable()

  const realSetTimeout = globalThis.setTimeout
  const record = <F extends typeof setTimeout | typeof setInterval>(original: F): F =>
    new Proxy(original, {
      apply(target, self, args) {
        for (const handle of timers.keys()) if (isOver(handle)) timers.delete(handle)
        const handle = Reflect.apply(target, self, args) as NodeJS.Timeout
        timers.set(handle, `timer set at\n${whence()}`)
        return handle
      },
    })
  globalThis.setTimeout = record(globalThis.setTimeout)
  globalThis.setInterval = record(globalThis.setInterval)
  subscribe(FAKE_CLOCK_CHANNEL, (clock) => void clocks.add(clock as FakeClock))

  const openNow = (): readonly string[] => [
    ...resources.values(),
    ...[...timers].filter(([handle]) => !isOver(handle)).map(([, madeAt]) => madeAt),
    ...[...clocks]
      .filter(({ pendingTimers }) => pendingTimers > 0)
      .map(({ pendingTimers }) => `${pendingTimers} timers of a fake clock`),
  ]

  return {
    begin() {
      resources.clear()
      timers.clear()
      clocks.clear()
    },
    async leaks(graceMs = GRACE_MS) {
      const started = performance.now()
      for (;;) {
        const open = openNow()
        if (open.length === 0 || performance.now() - started > graceMs) return open
        await new Promise<void>((resolve) => realSetTimeout(resolve, STEP_MS))
      }
    },
  }
}
