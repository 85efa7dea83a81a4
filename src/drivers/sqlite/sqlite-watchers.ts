import type { Clock, Timer } from '../../core/clock.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import type { SqliteWakeUp } from './sqlite-wake-up.ts'

interface Watched {
  readonly callbacks: Set<(uuid: string) => void>
  /** What the row looked like when it was last read; undefined while there was none. */
  seen: string | undefined
}

/** After a look at all watched states, this many times its duration passes until the next, however many commits there are. */
const REST_FACTOR = 4

/** Tells of changed states: those of this store right after the commit, those of other processes after a look at all that are watched. */
export class SqliteWatchers {
  readonly #connection: SqliteConnection
  readonly #clock: Clock
  readonly #wakeUp: SqliteWakeUp
  readonly #changes: Statement<[uuid: string, state: string, begins: number, expiresAt: number]>
  readonly #watched = new Map<string, Watched>()
  #stopListening: (() => void) | undefined
  #rest: Timer | undefined
  #isLookDue = false

  constructor(connection: SqliteConnection, clock: Clock, wakeUp: SqliteWakeUp) {
    this.#connection = connection
    this.#clock = clock
    this.#wakeUp = wakeUp
    this.#changes = connection.prepare(
      'SELECT uuid, state, begins, expires_at FROM json_each(?) JOIN state ON uuid = value',
    )
  }

  /** A change that is committed after this returned is told. The answer ends it. */
  async watch(uuids: readonly string[], onChange: (uuid: string) => void): Promise<() => void> {
    const callback = (uuid: string): void => onChange(uuid)
    const fresh = uuids.filter((uuid) => !this.#watched.has(uuid))
    for (const uuid of uuids) this.#ensure(uuid).callbacks.add(callback)
    const unwatch = this.#startListening(uuids, callback)
    try {
      await this.#connection.read(() => this.#see(fresh))
    } catch (error) {
      unwatch()
      throw error
    }
    return unwatch
  }

  /** Tells of changes that this store committed. */
  tell(uuids: Iterable<string>): void {
    if (this.#watched.size === 0) return
    for (const uuid of uuids) this.#tellOf(uuid)
  }

  close(): void {
    this.#watched.clear()
    this.#rest?.cancel()
    this.#rest = undefined
    this.#stopListening?.()
    this.#stopListening = undefined
  }

  #ensure(uuid: string): Watched {
    const watched = this.#watched.get(uuid) ?? { callbacks: new Set(), seen: undefined }
    this.#watched.set(uuid, watched)
    return watched
  }

  #tellOf(uuid: string): void {
    for (const callback of [...(this.#watched.get(uuid)?.callbacks ?? [])]) callback(uuid)
  }

  #startListening(uuids: readonly string[], callback: (uuid: string) => void): () => void {
    if (this.#stopListening === undefined) {
      const stop = this.#wakeUp.listen(() => this.#lookSoon())
      const endWait = this.#wakeUp.wait()
      this.#stopListening = () => {
        stop()
        endWait()
      }
    }
    return () => {
      for (const uuid of uuids) {
        const watched = this.#watched.get(uuid)
        watched?.callbacks.delete(callback)
        if (watched?.callbacks.size === 0) this.#watched.delete(uuid)
      }
      if (this.#watched.size === 0) this.close()
    }
  }

  #lookSoon(): void {
    this.#isLookDue = true
    if (this.#rest === undefined) this.#look()
  }

  #look(): void {
    this.#isLookDue = false
    const started = this.#clock.monotonic()
    let changed: readonly string[] = []
    try {
      changed = this.#connection.readNow(() => this.#see([...this.#watched.keys()]))
    } catch {
      // The file cannot be read now: whoever waits looks for himself.
      changed = [...this.#watched.keys()]
    }
    const restMs = REST_FACTOR * (this.#clock.monotonic() - started)
    this.#rest = this.#clock.setTimer(() => {
      this.#rest = undefined
      if (this.#isLookDue && this.#watched.size > 0) this.#look()
    }, restMs)
    for (const uuid of changed) this.#tellOf(uuid)
  }

  /** Reads what the rows look like now. Answers those that changed. */
  #see(uuids: readonly string[]): readonly string[] {
    const rows = new Map<string, string>()
    for (const [uuid, ...row] of this.#changes.all(JSON.stringify(uuids))) rows.set(uuid, row.join(' '))
    return uuids.filter((uuid) => {
      const watched = this.#watched.get(uuid)
      if (watched === undefined || watched.seen === rows.get(uuid)) return false
      watched.seen = rows.get(uuid)
      return true
    })
  }
}
