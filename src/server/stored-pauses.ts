import { MachineryError } from '../core/errors.ts'
import { CONTROL_AREAS, controlOf, pauseKey, type PausedKind } from './control-areas.ts'
import type { Runtime } from './runtime.ts'

/** Names of those of a kind that are paused, by name. */
export async function pausedNames(runtime: Runtime, kind: PausedKind): Promise<readonly string[]> {
  const prefix = pauseKey(kind, '')
  const entries = await controlOf(runtime, `${kind}s`).list(CONTROL_AREAS.pauses, prefix)
  return entries.map(({ key }) => key.slice(prefix.length))
}

/** What can be done to the pauses of one kind. */
export interface Pausing {
  pause(name: string): Promise<void>
  resume(name: string): Promise<void>
  isPaused(name: string): Promise<boolean>
}

/** Keeps pauses in the control store, where workers look for them. */
export function pausing(runtime: Runtime, kind: PausedKind): Pausing {
  const { pauses } = CONTROL_AREAS
  const keyOf = (name: string): string => {
    if (typeof name === 'string' && name !== '') return pauseKey(kind, name)
    throw new MachineryError('ERR_OPTION_INVALID', `${kind} is "${name}"; the name of a ${kind} is right`)
  }
  return {
    async pause(name) {
      const since = String(runtime.clock.now())
      const write = { key: keyOf(name), value: since, expiresInMs: Infinity }
      await controlOf(runtime, `${kind}s`).put(pauses, [write])
    },
    async resume(name) {
      await controlOf(runtime, `${kind}s`).remove(pauses, [keyOf(name)])
    },
    async isPaused(name) {
      const [since] = await controlOf(runtime, `${kind}s`).get(pauses, [keyOf(name)])
      return since !== undefined
    },
  }
}
