import { MachineryError } from '../../core/errors.ts'
import type { Backend, GroupStates, OnStateChange, TaskStates } from '../../core/ports/backend.ts'
import type { BackendCapabilities } from '../../core/ports/capabilities.ts'
import type { ControlStore } from '../../core/ports/control-store.ts'
import type { ScheduleStore } from '../../core/ports/schedule-store.ts'
import { BACKEND_CAPABILITIES } from './redis-capabilities.ts'
import { redisControl } from './redis-control.ts'
import type { RedisEngine } from './redis-engine.ts'
import { redisGroupStates } from './redis-group-states.ts'
import { stateChannel } from './redis-keys.ts'
import { RedisMixedGroups } from './redis-mixed-groups.ts'
import { redisSchedules } from './redis-schedules.ts'
import { readState } from './redis-state-text.ts'
import { redisTaskStates } from './redis-task-states.ts'

/** States, groups, schedules and control values in Redis: Go's keys, and companions beside them. */
export class RedisBackend implements Backend {
  readonly capabilities: BackendCapabilities
  readonly tasks: TaskStates
  readonly groups: GroupStates
  readonly schedules: ScheduleStore
  readonly control: ControlStore
  readonly #engine: RedisEngine
  readonly #onClose: () => Promise<void>
  readonly #watches = new Set<() => void>()
  readonly #mixed: RedisMixedGroups | undefined
  #closing: Promise<void> | undefined

  constructor(engine: RedisEngine, onClose: () => Promise<void>) {
    this.#engine = engine
    this.#onClose = onClose
    const { connection, settings } = engine
    const { clock, logger, interop, wire } = settings
    this.capabilities = { ...BACKEND_CAPABILITIES, foreignWriters: interop === 'go' }
    this.tasks = guarded(redisTaskStates(connection, wire), () => this.#requireOpen())
    const readStates = (uuids: readonly string[]) => this.tasks.get(uuids)
    this.#mixed =
      interop === 'go' ? new RedisMixedGroups({ connection, clock, logger, readStates }) : undefined
    this.groups = guarded(redisGroupStates(connection, this.#mixed), () => this.#requireOpen())
    this.schedules = guarded(redisSchedules(connection), () => this.#requireOpen())
    this.control = guarded(redisControl(connection), () => this.#requireOpen())
  }

  /** What it is a part of. */
  get engine(): RedisEngine {
    return this.#engine
  }

  /**
   * By one subscription per process. A Go worker does not tell: whoever waits for one looks himself, from time to time.
   * After a lost connection every watched state counts as changed.
   */
  async watch(uuids: readonly string[], onChange: OnStateChange): Promise<() => void> {
    this.#requireOpen()
    const uuidOf = new Map(uuids.map((uuid) => [stateChannel(uuid), uuid]))
    const stop = await this.#engine.subscriber.listen([...uuidOf.keys()], (text, channel) => {
      const uuid = uuidOf.get(channel) ?? ''
      onChange(uuid, text === '' ? undefined : readState(uuid, text))
    })
    const end = (): void => {
      this.#watches.delete(end)
      stop()
    }
    this.#watches.add(end)
    if (this.#closing !== undefined) end()
    return end
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const end of this.#watches) end()
    await this.#mixed?.close()
    await this.#onClose()
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return
    throw new MachineryError('ERR_CLOSED', `the backend of ${this.#engine.connection.name} is closed`)
  }
}

/** The same functions, which reject when `requireOpen` throws. */
function guarded<T extends object>(part: T, requireOpen: () => void): T {
  const entries = Object.entries(part).map(
    ([name, run]: [string, (...args: readonly unknown[]) => unknown]) => [
      name,
      async (...args: readonly unknown[]) => {
        requireOpen()
        return run(...args)
      },
    ],
  )
  return Object.fromEntries(entries) as T
}
