import { MachineryError } from '../../core/errors.ts'
import type { Backend, GroupStates, TaskStates } from '../../core/ports/backend.ts'
import type { BackendCapabilities } from '../../core/ports/capabilities.ts'
import type { ControlStore } from '../../core/ports/control-store.ts'
import type { ScheduleStore } from '../../core/ports/schedule-store.ts'
import type { SqliteEngine } from './sqlite-engine.ts'

export const BACKEND_CAPABILITIES: BackendCapabilities = { watch: true, shared: true, persistent: true }

/** States, groups, schedules and control values in one file. Every batch is one transaction, shared with the others of the same turn. */
export class SqliteBackend implements Backend {
  readonly capabilities: BackendCapabilities = BACKEND_CAPABILITIES
  readonly tasks: TaskStates
  readonly groups: GroupStates
  readonly schedules: ScheduleStore
  readonly control: ControlStore
  /** Whether this backend is of the same file as a broker. */
  readonly file: string
  readonly #engine: SqliteEngine
  readonly #onClose: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor(engine: SqliteEngine, onClose: () => Promise<void>) {
    this.#engine = engine
    this.#onClose = onClose
    this.file = engine.connection.file
    this.tasks = this.#taskStates()
    this.groups = this.#groupStates()
    this.schedules = this.#scheduleStore()
    this.control = this.#controlStore()
  }

  async watch(uuids: readonly string[], onChange: (uuid: string) => void): Promise<() => void> {
    this.#requireOpen()
    return this.#engine.watchers.watch(uuids, (uuid) => {
      if (this.#closing === undefined) onChange(uuid)
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#engine.watchers.close()
    await this.#onClose()
  }

  #taskStates(): TaskStates {
    const { tasks } = this.#engine
    const each =
      <I extends { readonly uuid: string }, O>(one: (item: I) => O) =>
      (batch: readonly I[]): Promise<readonly O[]> =>
        this.#write(
          () => batch.map((item) => one(item)),
          () => this.#engine.watchers.tell(batch.map(({ uuid }) => uuid)),
        )
    return {
      pending: each((write) => tasks.pending(write)),
      begin: each((write) => tasks.begin(write)),
      commit: each((write) => tasks.commit(write)),
      retry: each((write) => tasks.retry(write)),
      fail: each((write) => tasks.fail(write)),
      reopen: each((write) => tasks.reopen(write)),
      get: (uuids) => this.#read(() => uuids.map((uuid) => tasks.get(uuid))),
      purge: (uuids) =>
        this.#write(
          () => uuids.forEach((uuid) => tasks.purge(uuid)),
          () => this.#engine.watchers.tell(uuids),
        ),
    }
  }

  #groupStates(): GroupStates {
    const { groups } = this.#engine
    return {
      init: (batch) => this.#write(() => batch.forEach((group) => groups.init(group))),
      finish: (batch) => this.#write(() => batch.map((member) => groups.finish(member))),
      triggered: (uuids) => this.#write(() => uuids.forEach((uuid) => groups.triggered(uuid))),
      reopen: (groupUuid, memberUuid) => this.#write(() => groups.reopen(groupUuid, memberUuid)),
      get: (uuids) => this.#read(() => uuids.map((uuid) => groups.get(uuid))),
      purge: (uuids) => this.#write(() => uuids.forEach((uuid) => groups.purge(uuid))),
    }
  }

  #scheduleStore(): ScheduleStore {
    const { schedules } = this.#engine
    return {
      now: () => this.#read(() => schedules.now()),
      put: (definition) => this.#write(() => schedules.put(definition)),
      list: () => this.#read(() => schedules.list()),
      get: (name) => this.#read(() => schedules.get(name)),
      fire: (tick) => this.#write(() => schedules.fire(tick)),
      published: (name, tickAt) => this.#write(() => schedules.published(name, tickAt)),
      outbox: (olderThanMs, limit) => this.#read(() => schedules.outbox(olderThanMs, limit)),
      setPaused: (name, isPaused) => this.#write(() => schedules.setPaused(name, isPaused)),
      remove: (name) => this.#write(() => schedules.remove(name)),
    }
  }

  #controlStore(): ControlStore {
    const { control } = this.#engine
    return {
      put: (area, writes) => this.#write(() => control.put(area, writes)),
      get: (area, keys) => this.#read(() => control.get(area, keys)),
      list: (area, prefix = '') => this.#read(() => control.list(area, prefix)),
      remove: (area, keys) => this.#write(() => control.remove(area, keys)),
    }
  }

  async #write<T>(run: () => T, committed?: () => void): Promise<T> {
    this.#requireOpen()
    return this.#engine.connection.write(run, committed)
  }

  async #read<T>(run: () => T): Promise<T> {
    this.#requireOpen()
    return this.#engine.connection.read(run)
  }

  #requireOpen(): void {
    if (this.#closing !== undefined)
      throw new MachineryError('ERR_CLOSED', `the backend ${this.file} is closed`)
  }
}
