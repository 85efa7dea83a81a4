import { type Clock, sleep } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import type { Backend } from '../core/ports/backend.ts'

/** Faults of a backend, switched on and off by assigning to them while it is in use. */
export interface BackendFaults {
  /** Every call fails with `ERR_CONNECTION_LOST`; nothing reaches the backend. */
  down?: boolean
  /** Milliseconds that every call takes in addition. @default 0 */
  slowMs?: number
  /** Calls happen and their reply is lost: they reject with `ERR_CONNECTION_LOST`. */
  loseReplies?: boolean
}

/**
 * A backend that has the faults which `faults` switches on. It is the same store as no broker, so that everything goes
 * through the two ports.
 *
 * @param clock on which `slowMs` passes
 */
export function faultyBackend(backend: Backend, faults: BackendFaults, clock: Clock): Backend {
  const lost = (what: string): MachineryError =>
    new MachineryError('ERR_CONNECTION_LOST', `${what}: connection lost (fault of a test)`)

  const through =
    <A extends readonly unknown[], R>(what: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if ((faults.slowMs ?? 0) > 0) await sleep(clock, faults.slowMs ?? 0)
      if (faults.down === true) throw lost(what)
      const answer = await call(...args)
      if (faults.loseReplies === true) throw lost(what)
      return answer
    }

  const { tasks, groups, control } = backend
  const watch = backend.watch?.bind(backend)
  return {
    capabilities: backend.capabilities,
    tasks: {
      pending: through('pending', (batch) => tasks.pending(batch)),
      begin: through('begin', (batch) => tasks.begin(batch)),
      commit: through('commit', (batch) => tasks.commit(batch)),
      retry: through('retry', (batch) => tasks.retry(batch)),
      fail: through('fail', (batch) => tasks.fail(batch)),
      reopen: through('reopen', (batch) => tasks.reopen(batch)),
      get: through('get', (uuids) => tasks.get(uuids)),
      purge: through('purge', (uuids) => tasks.purge(uuids)),
    },
    groups: {
      init: through('init', (batch) => groups.init(batch)),
      finish: through('finish', (batch) => groups.finish(batch)),
      triggered: through('triggered', (uuids) => groups.triggered(uuids)),
      reopen: through('reopen', (group, member) => groups.reopen(group, member)),
      get: through('get', (uuids) => groups.get(uuids)),
      purge: through('purge', (uuids) => groups.purge(uuids)),
    },
    // Out of reach of the faults, but there: a server over it keeps protocol C1.
    ...(backend.schedules === undefined ? {} : { schedules: backend.schedules }),
    ...(control === undefined
      ? {}
      : {
          control: {
            put: through('put', (area, writes) => control.put(area, writes)),
            get: through('get', (area, keys) => control.get(area, keys)),
            list: through('list', (area, prefix) => control.list(area, prefix)),
            remove: through('remove', (area, keys) => control.remove(area, keys)),
          },
        }),
    ...(watch === undefined ? {} : { watch: through('watch', watch) }),
    close: () => backend.close(),
  }
}
