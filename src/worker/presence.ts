import type { ControlStore } from '../core/ports/control-store.ts'
import { CONTROL_AREAS } from '../server/control-areas.ts'
import { encodeStatus, type StoredStatus } from '../server/worker-status.ts'

/** Signs of life that may be missed before a worker counts as gone. */
const BEATS_KEPT = 3

/** The entry of one worker in the registry. */
export class Presence {
  readonly #control: ControlStore
  readonly #id: string
  readonly #status: () => StoredStatus

  constructor(control: ControlStore, id: string, status: () => StoredStatus) {
    this.#control = control
    this.#id = id
    this.#status = status
  }

  /** @throws what the store throws. */
  async write(): Promise<void> {
    const status = this.#status()
    const write = {
      key: this.#id,
      value: encodeStatus(status),
      expiresInMs: BEATS_KEPT * status.heartbeatMs,
    }
    await this.#control.put(CONTROL_AREAS.workers, [write])
  }

  /** @throws what the store throws. */
  async remove(): Promise<void> {
    await this.#control.remove(CONTROL_AREAS.workers, [this.#id])
  }
}
