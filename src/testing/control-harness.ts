import type { ControlEntry, ControlStore } from '../core/ports/control-store.ts'
import { type PassingTime, type TimeSource, passingTime } from './passing-time.ts'

/** One control store under test. */
export interface ControlSession extends TimeSource {
  readonly control: ControlStore
  /** The same store, opened once more, as another process does it. */
  readonly other: ControlStore
  /** Closes the store and opens it again, as after the death of all processes. Left out where nothing survives that. */
  readonly reopen?: () => Promise<ControlStore>
  readonly close: () => Promise<void>
}

/** How the suite gets at the control stores of one driver. */
export interface ControlHarness {
  readonly name: string
  /** Called once per case. May give the same store each time: the cases use areas of their own. */
  readonly open: () => Promise<ControlSession>
}

/** What a case of the control suite works with. */
export interface ControlTest extends PassingTime {
  readonly session: ControlSession
  readonly control: ControlStore
  readonly other: ControlStore
  /** An area that no other case uses. */
  newArea(): string
  put(area: string, key: string, value: string, expiresInMs?: number): Promise<void>
  /** The value of one key. */
  value(area: string, key: string): Promise<string | undefined>
  /** What `other` lists. */
  list(area: string, prefix?: string): Promise<readonly ControlEntry[]>
}

function controlTest(session: ControlSession): ControlTest {
  const { control, other, clock } = session
  const time = passingTime(session, [])
  let areas = 0
  return {
    ...time,
    session,
    control,
    other,
    newArea: () => `area ${clock.random().toString(36).slice(2)}-${areas++}`,
    put: (area, key, value, expiresInMs = Infinity) =>
      time.settled(control.put(area, [{ key, value, expiresInMs }]), 'put'),
    value: async (area, key) => (await time.settled(control.get(area, [key]), 'get'))[0],
    list: (area, prefix) => time.settled(other.list(area, prefix), 'list'),
  }
}

/** Defines one case of the control suite. */
export type ControlCase = (name: string, run: (test: ControlTest) => Promise<void>) => void

/** Wraps a case: opens a session, runs it, closes the session whatever happened. */
export function inControlSession(
  harness: ControlHarness,
  run: (test: ControlTest) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const session = await harness.open()
    try {
      await run(controlTest(session))
    } finally {
      await session.close()
    }
  }
}
