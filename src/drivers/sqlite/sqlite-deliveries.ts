import type { HeldRow } from './sqlite-messages.ts'

/** Whoever holds deliveries: a consumer. */
export interface Holder {
  /** The delivery was settled, or is lost: there is room for another. */
  readonly letGo: (id: string) => void
}

/** A delivery that is not settled. */
export interface Held extends HeldRow {
  readonly holder: Holder
}

/** All deliveries that the consumers of one broker hold. */
export class SqliteDeliveries {
  readonly #held = new Map<string, Held>()

  get(id: string): Held | undefined {
    return this.#held.get(id)
  }

  add(id: string, held: Held): void {
    this.#held.set(id, held)
  }

  remove(id: string): void {
    const held = this.#held.get(id)
    if (this.#held.delete(id)) held?.holder.letGo(id)
  }
}
