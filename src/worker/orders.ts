import { MachineryError } from '../core/errors.ts'
import type { ControlStore } from '../core/ports/control-store.ts'
import { CONTROL_AREAS, decodeOrder, ORDER_KINDS, orderKey, type OrderKind } from '../server/control-areas.ts'

/** An order as it stands in the store. */
export interface StoredOrder {
  readonly kind: OrderKind
  readonly text: string
}

/** The orders to one worker. One that was not obeyed is told again, for as long as it is stored. */
export class Orders {
  readonly #control: ControlStore
  readonly #keys: readonly string[]
  readonly #obeyed = new Map<OrderKind, string>()

  constructor(control: ControlStore, workerId: string) {
    this.#control = control
    this.#keys = ORDER_KINDS.map((kind) => orderKey(workerId, kind))
  }

  /** Those that were not obeyed yet. @throws what the store throws. */
  async read(): Promise<readonly StoredOrder[]> {
    const texts = await this.#control.get(CONTROL_AREAS.orders, this.#keys)
    return ORDER_KINDS.flatMap((kind, index) => {
      const text = texts[index]
      return text === undefined || this.#obeyed.get(kind) === text ? [] : [{ kind, text }]
    })
  }

  /** Has an order obeyed. @throws `ERR_OPTION_INVALID` for one that cannot be read; what `obey` throws. */
  async obey({ kind, text }: StoredOrder, obey: (value: string) => Promise<void>): Promise<void> {
    const order = decodeOrder(text)
    if (order === undefined)
      throw new MachineryError('ERR_OPTION_INVALID', `the order ${kind} is no JSON with at and value`)
    await obey(order.value)
    this.#obeyed.set(kind, text)
  }

  /** Forgets them: the worker is gone. */
  async remove(): Promise<void> {
    await this.#control.remove(CONTROL_AREAS.orders, this.#keys)
  }
}
