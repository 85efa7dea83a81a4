import { LeaseThreadOwner, threadFile } from '../shared/lease-thread-owner.ts'
import type { SqliteHeld, SqliteLeaseNews } from './sqlite-lease-messages.ts'
import type { SqliteSettings } from './sqlite-options.ts'

/** The leases of one store: a thread renews them while there are consumers. */
export class SqliteLease {
  readonly #thread: LeaseThreadOwner<SqliteHeld, SqliteLeaseNews>
  #consumers = 0
  #onDoubt: () => void = () => {}

  constructor(settings: SqliteSettings, file: string, session: string) {
    this.#thread = new LeaseThreadOwner({
      file: threadFile(import.meta.url, 'sqlite-lease-thread'),
      name: 'machinery-sqlite-lease',
      settings,
      data: { file, session },
      onNews: () => this.#onDoubt(),
    })
  }

  /** `listener` is called when leases may be lost. */
  onDoubt(listener: () => void): void {
    this.#onDoubt = listener
  }

  /** A consumer was registered. */
  join(): void {
    this.#thread.hold({ count: ++this.#consumers })
  }

  /** A consumer is about to be removed. */
  leave(): void {
    this.#thread.hold({ count: --this.#consumers })
  }

  /** Renews the leases for at least `ms`, also while the event loop is blocked for longer than it may be. */
  extend(ms: number): void {
    this.#thread.extend(ms)
  }

  /** Ends the thread. Idempotent. */
  close(): Promise<void> {
    return this.#thread.close()
  }
}
