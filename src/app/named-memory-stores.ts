import type { Clock } from '../core/clock.ts'
import { memoryStore, type MemoryStore } from '../drivers/memory/index.ts'
import type { OpenedStore } from './driver-registry.ts'

/**
 * The stores of `memory:NAME`, shared by all servers of this process that name them: that is what the URL means, so this is the
 * one place that keeps state of the module. A store is gone when the last server that opened it is closed. It runs on the
 * clock of the first.
 */
const named = new Map<string, { readonly store: MemoryStore; users: number }>()

/** Opens `memory:` (an empty name: a store of its own) or `memory:NAME`. */
export function openNamedMemoryStore(name: string, clock: Clock): OpenedStore {
  if (name === '') return memoryStore({ clock })
  let entry = named.get(name)
  if (entry === undefined) {
    entry = { store: memoryStore({ clock }), users: 0 }
    named.set(name, entry)
  }
  const shared = entry
  shared.users += 1
  const parts = shared.store.open()
  let isOpen = true
  return {
    ...parts,
    close: async () => {
      if (!isOpen) return
      isOpen = false
      await Promise.all([parts.broker.close(), parts.backend.close(), parts.lock.close()])
      shared.users -= 1
      if (shared.users > 0) return
      named.delete(name)
      await shared.store.close()
    },
  }
}
