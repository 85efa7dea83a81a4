import type { ControlStore } from '../core/ports/control-store.ts'
import { CONTROL_AREAS, ORDER_KINDS, orderKey, type Order, type OrderKind } from '../server/control-areas.ts'

/** Reads the orders to one worker; each is told once. */
export class Orders {
  readonly #control: ControlStore
  readonly #keys: readonly string[]
  readonly #seen = new Map<OrderKind, string>()

  constructor(control: ControlStore, workerId: string) {
    this.#control = control
    this.#keys = ORDER_KINDS.map((kind) => orderKey(workerId, kind))
  }

  /** What is new since the last call. @throws what the store throws. */
  async read(): Promise<readonly (readonly [kind: OrderKind, value: string])[]> {
    const texts = await this.#control.get(CONTROL_AREAS.orders, this.#keys)
    return ORDER_KINDS.flatMap((kind, index) => {
      const text = texts[index]
      if (text === undefined || this.#seen.get(kind) === text) return []
      this.#seen.set(kind, text)
      const { value } = JSON.parse(text) as Order
      return [[kind, value] as const]
    })
  }

  /** Forgets them: the worker is gone. */
  async remove(): Promise<void> {
    await this.#control.remove(CONTROL_AREAS.orders, this.#keys)
  }
}
