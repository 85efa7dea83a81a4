import { MachineryError } from '../../core/errors.ts'
import type { Backend } from '../../core/ports/backend.ts'
import type { BackendCapabilities } from '../../core/ports/capabilities.ts'
import type { MemoryResults } from './memory-results.ts'

const CAPABILITIES: BackendCapabilities = Object.freeze({ watch: true, shared: false, persistent: false })

/** A backend on a store; its `close` ends this backend, and its watches, alone. */
export function openMemoryBackend(results: MemoryResults): Backend {
  const { tasks, groups, schedules, control, watchers } = results
  const watches = new Set<() => void>()
  let closed = false

  /** Runs `one` for each item, in order; nothing else runs between. */
  const each = async <I, O>(batch: readonly I[], one: (item: I) => O): Promise<readonly O[]> => {
    if (closed) throw new MachineryError('ERR_CLOSED', 'the memory backend is closed')
    return batch.map((item) => one(item))
  }
  const once = async <O>(step: () => O): Promise<O> => (await each([undefined], step))[0] as O

  return {
    capabilities: CAPABILITIES,
    tasks: {
      pending: (batch) => each(batch, (write) => tasks.pending(write)),
      begin: (batch) => each(batch, (write) => tasks.begin(write)),
      commit: (batch) => each(batch, (write) => tasks.commit(write)),
      retry: (batch) => each(batch, (write) => tasks.retry(write)),
      fail: (batch) => each(batch, (write) => tasks.fail(write)),
      reopen: (batch) => each(batch, (write) => tasks.reopen(write)),
      get: (uuids) => each(uuids, (uuid) => tasks.get(uuid)),
      purge: async (uuids) => void (await each(uuids, (uuid) => tasks.purge(uuid))),
    },
    groups: {
      init: async (batch) => void (await each(batch, (group) => groups.init(group))),
      finish: (batch) => each(batch, (member) => groups.finish(member)),
      triggered: async (uuids) => void (await each(uuids, (uuid) => groups.triggered(uuid))),
      reopen: async (group, member) => void (await each([member], (uuid) => groups.reopen(group, uuid))),
      get: (uuids) => each(uuids, (uuid) => groups.get(uuid)),
      purge: async (uuids) => void (await each(uuids, (uuid) => groups.purge(uuid))),
    },
    schedules: {
      now: () => once(() => schedules.now()),
      put: (definition) => once(() => schedules.put(definition)),
      list: () => once(() => schedules.list()),
      get: (name) => once(() => schedules.get(name)),
      fire: (tick) => once(() => schedules.fire(tick)),
      published: (name, tickAt) => once(() => schedules.published(name, tickAt)),
      outbox: (olderThanMs, limit) => once(() => schedules.outbox(olderThanMs, limit)),
      setPaused: (name, isPaused) => once(() => schedules.setPaused(name, isPaused)),
      remove: (name) => once(() => schedules.remove(name)),
    },
    control: {
      put: (area, writes) => once(() => control.put(area, writes)),
      get: (area, keys) => once(() => control.get(area, keys)),
      list: (area, prefix = '') => once(() => control.list(area, prefix)),
      remove: (area, keys) => once(() => control.remove(area, keys)),
    },
    async watch(uuids, onChange) {
      if (closed) throw new MachineryError('ERR_CLOSED', 'the memory backend is closed')
      const end = watchers.add(uuids, onChange)
      watches.add(end)
      return () => {
        watches.delete(end)
        end()
      }
    },
    async close() {
      closed = true
      for (const end of watches) end()
      watches.clear()
    },
  }
}
