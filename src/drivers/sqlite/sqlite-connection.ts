import { realpathSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

import { type Clock, sleep } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import { isBusy, isIoError, storeError } from './sqlite-errors.ts'
import type { SqliteSettings } from './sqlite-options.ts'
import { requireLocalFileSystem, requireSafeSqlite } from './sqlite-requirements.ts'
import { isCurrent, prepareSchema } from './sqlite-schema.ts'

/** A prepared statement; rows come as arrays in the order of the columns. */
export interface Statement<Row extends readonly unknown[] = readonly never[]> {
  get(...values: SQLInputValue[]): Row | undefined
  all(...values: SQLInputValue[]): readonly Row[]
  /** Answers how many rows were changed. */
  run(...values: SQLInputValue[]): number
}

/** One piece of a transaction. */
interface Job {
  /** May run more than once, each time in a transaction of its own: effects outside of the database belong into `end`. */
  readonly run: () => unknown
  readonly end: (value: unknown) => void
  readonly fail: (error: MachineryError, isUncertain: boolean) => void
  readonly deadline: number
}

/** How a `write` failed; `isUncertain` when it is not known that nothing was stored. */
export class WriteFailure {
  readonly error: MachineryError
  readonly isUncertain: boolean

  constructor(error: MachineryError, isUncertain: boolean) {
    this.error = error
    this.isUncertain = isUncertain
  }
}

/** While it holds the write lock, the event loop and all other processes wait: no further job starts after this long. */
const TRANSACTION_LIMIT_MS = 8
const RETRY_STEP_MS = 2
const RETRY_LIMIT_MS = 40
/** Opening is part of starting up: it may block for longer than an operation. */
const OPEN_TIMEOUT_MS = 5_000
const OPEN_AGAIN_MS = 5
/** 16 MB: pages that are written again and again go to the database file less often. */
const CHECKPOINT_PAGES = 4_000
/** A write-ahead log that grew above this, under one long load, is cut when it starts anew. */
const WAL_KEPT_BYTES = 67_108_864

/**
 * The connection of one store, and the only place that starts transactions. Writes are gathered: all that are asked for
 * in one turn of the event loop share a transaction, and its fsync. A write whose transaction fails because of another
 * one is tried again alone. Nothing waits for the lock of another process for longer than `busyTimeoutMs` at a time.
 */
export class SqliteConnection {
  readonly db: DatabaseSync
  /** The path without symbolic links: what two connections to one file have in common. */
  readonly file: string
  readonly #clock: Clock
  readonly #operationTimeoutMs: number
  readonly #begin: Statement
  readonly #commit: Statement
  readonly #rollback: Statement
  readonly #beginRead: Statement
  #jobs: Job[] = []
  #isFlushing = false
  #attempts = 0
  #closing: Promise<void> | undefined
  #whenIdle: (() => void) | undefined

  constructor(settings: SqliteSettings) {
    this.#clock = settings.clock
    this.#operationTimeoutMs = settings.operationTimeoutMs
    this.db = open(settings)
    this.file = realpathSync(settings.path)
    this.#begin = this.prepare('BEGIN IMMEDIATE')
    this.#beginRead = this.prepare('BEGIN')
    this.#commit = this.prepare('COMMIT')
    this.#rollback = this.prepare('ROLLBACK')
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  prepare<Row extends readonly unknown[] = readonly never[]>(sql: string): Statement<Row> {
    const statement = this.db.prepare(sql)
    statement.setReturnArrays(true)
    return {
      get: (...values) => statement.get(...values) as unknown as Row | undefined,
      all: (...values) => statement.all(...values) as unknown as readonly Row[],
      run: (...values) => Number(statement.run(...values).changes),
    }
  }

  /**
   * Runs `run`, which only reads, on one state of the database.
   * @throws `ERR_CLOSED`, `ERR_STORE_BUSY`, `ERR_STORE_FAILED`
   */
  async read<T>(run: () => T): Promise<T> {
    const deadline = this.#clock.monotonic() + this.#operationTimeoutMs
    for (let attempt = 1; ; attempt++) {
      if (!this.db.isOpen) throw closedError(this.file)
      try {
        return this.readNow(run)
      } catch (error) {
        if (!isBusy(error) || this.#clock.monotonic() > deadline) throw storeError(error, this.file)
      }
      await sleep(this.#clock, this.#backOffMs(attempt))
    }
  }

  /** As `read`, but throws what SQLite throws. */
  readNow<T>(run: () => T): T {
    this.#beginRead.run()
    try {
      return run()
    } finally {
      if (this.db.isTransaction) this.#commit.run()
    }
  }

  /**
   * Runs `run` in a transaction that it may share with others. `run` may be called again after a failure, so it must not
   * change anything but the database; `committed` is called right after the commit, before anything else runs.
   * @throws `ERR_CLOSED`, `ERR_STORE_BUSY`, `ERR_STORE_FULL`, `ERR_STORE_FAILED`, after which nothing is stored
   */
  async write<T>(run: () => T, committed?: (value: T) => void): Promise<T> {
    const outcome = await this.attempt(run, committed)
    if (outcome instanceof WriteFailure) throw outcome.error
    return outcome
  }

  /** As `write`, but a failure is an answer. */
  attempt<T>(run: () => T, committed?: (value: T) => void): Promise<T | WriteFailure> {
    return new Promise((resolve) => {
      const fail = (error: MachineryError, isUncertain: boolean): void =>
        resolve(new WriteFailure(error, isUncertain))
      if (this.#closing !== undefined) return fail(closedError(this.file), false)
      const end = (value: unknown): void => {
        committed?.(value as T)
        resolve(value as T)
      }
      const deadline = this.#clock.monotonic() + this.#operationTimeoutMs
      this.#jobs.push({ run, end, fail, deadline })
      if (!this.#isFlushing) this.#flushSoon()
    })
  }

  /** Waits for the writes that were asked for, then closes the file. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      if (this.#isFlushing) this.#whenIdle = resolve
      else resolve()
    }).then(() => this.db.close())
    return this.#closing
  }

  #flushSoon(): void {
    this.#isFlushing = true
    this.#clock.defer(() => this.#flush())
  }

  #flush(): void {
    const ended = this.#commitSome(this.#jobs)
    const isBlocked = ended === 0 && this.#jobs.length > 0
    this.#jobs.splice(0, ended)
    if (isBlocked) this.#expire()
    if (this.#jobs.length === 0) {
      this.#isFlushing = false
      this.#whenIdle?.()
    } else if (isBlocked) {
      this.#clock.setTimer(() => this.#flush(), this.#backOffMs(++this.#attempts), true)
    } else {
      this.#attempts = 0
      this.#flushSoon()
    }
  }

  /** Commits the first of these jobs, as many as fit into one transaction. Answers how many ended: 0 when the lock was not free. */
  #commitSome(jobs: readonly Job[]): number {
    const values: unknown[] = []
    let isCommitting = false
    try {
      this.#begin.run()
      const started = this.#clock.monotonic()
      for (const { run } of jobs) {
        values.push(run())
        if (this.#clock.monotonic() - started > TRANSACTION_LIMIT_MS) break
      }
      isCommitting = true
      this.#commit.run()
    } catch (error) {
      if (this.db.isTransaction) this.#rollback.run()
      if (isBusy(error)) return 0
      const failed = jobs.slice(0, isCommitting ? values.length : values.length + 1)
      if (failed.length > 1) return this.#commitOneByOne(failed)
      failed[0]?.fail(storeError(error, this.file), isCommitting && isIoError(error))
      return failed.length
    }
    for (const [index, value] of values.entries()) jobs[index]?.end(value)
    return values.length
  }

  /** Finds out which of these jobs cannot be committed, without harm to the others. */
  #commitOneByOne(jobs: readonly Job[]): number {
    for (const [index, job] of jobs.entries()) {
      if (this.#commitSome([job]) === 0) return index
    }
    return jobs.length
  }

  #expire(): void {
    const now = this.#clock.monotonic()
    const late = this.#jobs.filter(({ deadline }) => deadline <= now)
    this.#jobs = this.#jobs.filter(({ deadline }) => deadline > now)
    const text = `${this.file} stayed locked by another process for ${this.#operationTimeoutMs} ms`
    for (const { fail } of late) fail(new MachineryError('ERR_STORE_BUSY', text), false)
  }

  /** Grows with each attempt; random, so that processes which wait for each other do not meet again and again. */
  #backOffMs(attempt: number): number {
    return this.#clock.random() * Math.min(RETRY_STEP_MS * 2 ** attempt, RETRY_LIMIT_MS)
  }
}

function closedError(file: string): MachineryError {
  return new MachineryError('ERR_CLOSED', `the store ${file} is closed`)
}

/**
 * SQLite does not wait for others who open the file at the same moment: two that hold it to read cannot both change its mode. Blocks
 * the thread meanwhile, as the opening does. Answers the mode.
 */
function enterWal(db: DatabaseSync): unknown {
  for (let waitedMs = 0; ; waitedMs += OPEN_AGAIN_MS) {
    try {
      return db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode']
    } catch (error) {
      if (!isBusy(error) || waitedMs >= OPEN_TIMEOUT_MS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_AGAIN_MS)
    }
  }
}

function open({ path, durability, busyTimeoutMs }: SqliteSettings): DatabaseSync {
  requireSafeSqlite(process.versions['sqlite'] ?? '0')
  requireLocalFileSystem(path)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: OPEN_TIMEOUT_MS })
    // The file of another program is left as it is.
    isCurrent(db, path)
    const mode = enterWal(db)
    if (mode !== 'wal') {
      const text = `${path} cannot be opened in WAL mode (it is in mode ${String(mode)}); use a directory on a local disk`
      throw new MachineryError('ERR_UNSUPPORTED', text)
    }
    db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`)
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${WAL_KEPT_BYTES}`)
    db.exec('PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY')
    prepareSchema(db, path)
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    return db
  } catch (error) {
    db?.close()
    if (error instanceof MachineryError) throw error
    const text = `${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}; its directory must be there and writable`
    throw new MachineryError('ERR_CONNECT_FAILED', text, { cause: error, details: { path } })
  }
}
