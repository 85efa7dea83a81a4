import { type FSWatcher, watch } from 'node:fs'

import type { Clock, Timer } from '../../core/clock.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'

/** How the log of writes is watched; replaced in tests. */
export type WatchFile = (path: string, onEvent: (event: string) => void) => FSWatcher

const watchFile: WatchFile = (path, onEvent) => watch(path, { persistent: false }, onEvent)

/** Where the file system tells of changes, this only covers what it may have missed. */
const SAFETY_POLL_MS = 250
const FALLBACK_POLL_MS = 25
/** The bytes of a commit are in the log, and tell of it, before the commit can be read: after the fsync, if there is one. */
const RECHECK_MS: readonly number[] = [1, 2, 4, 8, 16, 32]

/**
 * Tells of commits by other connections: the file system tells that the write-ahead log grew, and `PRAGMA data_version`
 * whether the commit was another's. Watches, and holds the process, only while somebody waits.
 */
export class SqliteWakeUp {
  readonly #connection: SqliteConnection
  readonly #clock: Clock
  readonly #watchFile: WatchFile
  readonly #dataVersion: Statement<[version: number]>
  readonly #listeners = new Set<() => void>()
  #seen = 0
  #waiting = 0
  #watcher: FSWatcher | undefined
  #poll: Timer | undefined
  #recheck: Timer | undefined
  #isClosed = false

  constructor(connection: SqliteConnection, clock: Clock, watchWith: WatchFile = watchFile) {
    this.#connection = connection
    this.#clock = clock
    this.#watchFile = watchWith
    this.#dataVersion = connection.prepare('PRAGMA data_version')
  }

  /**
   * Calls `listener` after commits of other connections, also of those that were made shortly before; it is sure to
   * learn of them in time only while somebody waits. The answer ends it.
   */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins to wait. The answer ends it. */
  wait(): () => void {
    if (this.#isClosed) return () => {}
    this.#waiting++
    if (this.#watcher === undefined) this.#startWatching()
    if (this.#waiting === 1) this.#armPoll()
    this.#check()
    let isWaiting = true
    return () => {
      if (!isWaiting) return
      isWaiting = false
      this.#waiting--
      if (this.#waiting === 0) this.#stopTimers()
    }
  }

  /** Calls every listener: for changes of this connection that could concern anybody. */
  notifyAll(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  close(): void {
    this.#isClosed = true
    this.#stopTimers()
    this.#watcher?.close()
    this.#watcher = undefined
    this.#listeners.clear()
  }

  #startWatching(): void {
    try {
      const watcher = this.#watchFile(`${this.#connection.file}-wal`, (event) => {
        if (event === 'rename') this.#stopWatching(watcher)
        if (this.#waiting > 0) this.#checkSoon()
      })
      watcher.on('error', () => this.#stopWatching(watcher))
      this.#watcher = watcher
    } catch {
      // Without it there is the fallback poll; the next wait tries again.
      this.#watcher = undefined
    }
  }

  #stopWatching(watcher: FSWatcher): void {
    watcher.close()
    if (this.#watcher === watcher) this.#watcher = undefined
  }

  #armPoll(): void {
    const everyMs = this.#watcher === undefined ? FALLBACK_POLL_MS : SAFETY_POLL_MS
    this.#poll = this.#clock.setTimer(
      () => {
        if (this.#watcher === undefined) this.#startWatching()
        this.#armPoll()
        this.#check()
      },
      everyMs,
      true,
    )
  }

  #stopTimers(): void {
    this.#poll?.cancel()
    this.#recheck?.cancel()
    this.#recheck = undefined
  }

  #checkSoon(): void {
    if (this.#check() || this.#recheck !== undefined) return
    const again = (attempt: number): void => {
      const delayMs = RECHECK_MS[attempt]
      this.#recheck = undefined
      if (delayMs === undefined) return
      this.#recheck = this.#clock.setTimer(() => {
        if (this.#check()) this.#recheck = undefined
        else again(attempt + 1)
      }, delayMs)
    }
    again(0)
  }

  /** Answers whether another connection committed since the last look. */
  #check(): boolean {
    if (this.#isClosed) return false
    const version = this.#version()
    if (version === this.#seen) return false
    this.#seen = version
    this.notifyAll()
    return true
  }

  #version(): number {
    try {
      return this.#dataVersion.get()?.[0] ?? 0
    } catch {
      // The file cannot be read now; the next look will tell.
      return this.#seen
    }
  }
}
