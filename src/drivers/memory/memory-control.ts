import type { ControlEntry, ControlWrite } from '../../core/ports/control-store.ts'
import { ExpiringMap } from './expiring-map.ts'

/** Values that run out, by area; each method is one step. */
export class MemoryControl {
  readonly #monotonic: () => number
  readonly #areas = new Map<string, ExpiringMap<string>>()

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  put(area: string, writes: readonly ControlWrite[]): void {
    const values = this.#areas.get(area) ?? new ExpiringMap<string>(this.#monotonic)
    this.#areas.set(area, values)
    for (const { key, value, expiresInMs } of writes) values.set(key, value, expiresInMs)
  }

  get(area: string, keys: readonly string[]): readonly (string | undefined)[] {
    const values = this.#areas.get(area)
    return keys.map((key) => values?.get(key))
  }

  list(area: string, prefix: string): readonly ControlEntry[] {
    return [...(this.#areas.get(area)?.entries() ?? [])]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => ({ key, value }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  remove(area: string, keys: readonly string[]): void {
    for (const key of keys) this.#areas.get(area)?.delete(key)
  }
}
