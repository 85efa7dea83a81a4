import type { Clock } from '../../core/clock.ts'
import type {
  FireOutcome,
  FireWrite,
  OutboxEntry,
  ScheduleDefinition,
  StoredSchedule,
} from '../../core/ports/schedule-store.ts'
import type { SqliteConnection, Statement } from './sqlite-connection.ts'
import { decodeText, encodeText } from './sqlite-text.ts'

type ScheduleRow = readonly [
  name: string,
  spec: string,
  options: string,
  lastTickAt: number,
  hasFired: number,
  isPaused: number,
]
type OutboxRow = readonly [name: string, tickAt: number, payload: Uint8Array, firedAt: number]

const COLUMNS = 'name, spec, options, last_tick_at, has_fired, is_paused'

/**
 * Schedules and their outbox; each method is one step of a transaction that its caller runs. The clock that all servers share is
 * that of the machine.
 */
export class SqliteSchedules {
  readonly #clock: Clock
  readonly #put: Statement
  readonly #list: Statement<ScheduleRow>
  readonly #byName: Statement<ScheduleRow>
  readonly #advance: Statement
  readonly #insertTick: Statement
  readonly #deleteTick: Statement
  readonly #deleteTicks: Statement
  readonly #oldTicks: Statement<OutboxRow>
  readonly #pause: Statement
  readonly #resume: Statement
  readonly #delete: Statement

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#clock = clock
    this.#put = connection.prepare(
      `INSERT INTO schedule(${COLUMNS}) VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET options = excluded.options,
        last_tick_at = iif(spec = excluded.spec, last_tick_at, max(last_tick_at, excluded.last_tick_at)), spec = excluded.spec`,
    )
    this.#list = connection.prepare(`SELECT ${COLUMNS} FROM schedule WHERE name > ''`)
    this.#byName = connection.prepare(`SELECT ${COLUMNS} FROM schedule WHERE name = ?`)
    this.#advance = connection.prepare(
      'UPDATE schedule SET last_tick_at = ?1, has_fired = 1 WHERE name = ?2 AND is_paused = 0 AND last_tick_at < ?1',
    )
    this.#insertTick = connection.prepare(
      'INSERT INTO outbox(name, tick_at, payload, fired_at) VALUES (?, ?, ?, ?)',
    )
    this.#deleteTick = connection.prepare('DELETE FROM outbox WHERE name = ? AND tick_at = ?')
    this.#deleteTicks = connection.prepare('DELETE FROM outbox WHERE name = ?')
    this.#oldTicks = connection.prepare(
      'SELECT name, tick_at, payload, fired_at FROM outbox WHERE fired_at <= ? ORDER BY fired_at, id LIMIT ?',
    )
    this.#pause = connection.prepare('UPDATE schedule SET is_paused = 1 WHERE name = ?')
    this.#resume = connection.prepare(
      'UPDATE schedule SET last_tick_at = iif(is_paused, max(last_tick_at, ?), last_tick_at), is_paused = 0 WHERE name = ?',
    )
    this.#delete = connection.prepare('DELETE FROM schedule WHERE name = ?')
  }

  now(): number {
    return Math.floor(this.#clock.now())
  }

  put({ name, spec, options }: ScheduleDefinition): void {
    this.#put.run(encodeText(name), encodeText(spec), encodeText(options), this.now())
  }

  list(): readonly StoredSchedule[] {
    // By the names themselves: their encoded form has escapes.
    return this.#list
      .all()
      .map(scheduleOf)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  get(name: string): StoredSchedule | undefined {
    const row = this.#byName.get(encodeText(name))
    return row && scheduleOf(row)
  }

  fire({ name, tickAt, payload }: FireWrite): FireOutcome {
    const key = encodeText(name)
    if (this.#advance.run(tickAt, key) === 0) return 'skipped'
    this.#insertTick.run(key, tickAt, payload, this.now())
    return 'fired'
  }

  published(name: string, tickAt: number): void {
    this.#deleteTick.run(encodeText(name), tickAt)
  }

  outbox(olderThanMs: number, limit: number): readonly OutboxEntry[] {
    return this.#oldTicks
      .all(this.now() - olderThanMs, limit)
      .map(([name, tickAt, payload, firedAt]) => ({ name: decodeText(name), tickAt, payload, firedAt }))
  }

  setPaused(name: string, isPaused: boolean): boolean {
    const key = encodeText(name)
    return (isPaused ? this.#pause.run(key) : this.#resume.run(this.now(), key)) > 0
  }

  remove(name: string): boolean {
    this.#deleteTicks.run(encodeText(name))
    return this.#delete.run(encodeText(name)) > 0
  }
}

function scheduleOf([name, spec, options, lastTickAt, hasFired, isPaused]: ScheduleRow): StoredSchedule {
  return {
    name: decodeText(name),
    spec: decodeText(spec),
    options: decodeText(options),
    lastTickAt,
    hasFired: hasFired !== 0,
    isPaused: isPaused !== 0,
  }
}
