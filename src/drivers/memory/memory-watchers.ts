/** Who waits for changes of which states. */
export class MemoryWatchers {
  readonly #callbacks = new Map<string, Set<(uuid: string) => void>>()

  /** The answer ends it. */
  add(uuids: readonly string[], onChange: (uuid: string) => void): () => void {
    // One function per call, so that two watches with the same callback end one by one.
    const call = (uuid: string): void => onChange(uuid)
    for (const uuid of uuids) {
      const waiting = this.#callbacks.get(uuid)
      if (waiting === undefined) this.#callbacks.set(uuid, new Set([call]))
      else waiting.add(call)
    }
    return () => {
      for (const uuid of uuids) {
        const waiting = this.#callbacks.get(uuid)
        if (waiting?.delete(call) === true && waiting.size === 0) this.#callbacks.delete(uuid)
      }
    }
  }

  /** Calls who watches `uuid` once the running transaction is over. */
  changed(uuid: string): void {
    if (this.#callbacks.size === 0 || !this.#callbacks.has(uuid)) return
    queueMicrotask(() => {
      for (const call of this.#callbacks.get(uuid) ?? []) call(uuid)
    })
  }

  clear(): void {
    this.#callbacks.clear()
  }
}
