import type { Clock } from '../../core/clock.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { SqliteControl } from './sqlite-control.ts'
import { SqliteConsumers } from './sqlite-consumers.ts'
import { SqliteGroupStates } from './sqlite-group-states.ts'
import { SqliteLease } from './sqlite-lease.ts'
import { SqliteMessages } from './sqlite-messages.ts'
import { type SqliteSettings, type SqliteStoreOptions, sqliteSettings } from './sqlite-options.ts'
import { SqliteQueues } from './sqlite-queues.ts'
import { SqliteSchedules } from './sqlite-schedules.ts'
import { SqliteTaskStates } from './sqlite-task-states.ts'
import { SqliteWakeUp, type WatchFile } from './sqlite-wake-up.ts'
import { SqliteWatchers } from './sqlite-watchers.ts'

/** What the parts of one store share: one connection, and the statements of its tables. */
export interface SqliteEngine {
  readonly settings: SqliteSettings
  readonly connection: SqliteConnection
  readonly queues: SqliteQueues
  readonly messages: SqliteMessages
  readonly consumers: SqliteConsumers
  readonly tasks: SqliteTaskStates
  readonly groups: SqliteGroupStates
  readonly schedules: SqliteSchedules
  readonly control: SqliteControl
  readonly wakeUp: SqliteWakeUp
  readonly watchers: SqliteWatchers
  readonly lease: SqliteLease
  /** Idempotent; the parts are closed before. */
  close(): Promise<void>
}

/** @throws as `sqliteStore` */
export function openEngine(options: SqliteStoreOptions, watchWith?: WatchFile): SqliteEngine {
  const settings = sqliteSettings(options)
  const { clock } = settings
  const connection = new SqliteConnection(settings)
  const queues = new SqliteQueues(connection)
  const consumers = new SqliteConsumers(connection, randomName(clock), settings.leaseMs)
  const wakeUp = new SqliteWakeUp(connection, clock, watchWith)
  const tasks = new SqliteTaskStates(connection, clock)
  const watchers = new SqliteWatchers(connection, clock, wakeUp)
  const lease = new SqliteLease(settings, connection.file, consumers.session)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    wakeUp.close()
    watchers.close()
    await lease.close()
    await connection.close()
  }
  return {
    settings,
    connection,
    queues,
    messages: new SqliteMessages(connection, clock, queues),
    consumers,
    tasks,
    groups: new SqliteGroupStates(connection, clock),
    schedules: new SqliteSchedules(connection, clock),
    control: new SqliteControl(connection, clock),
    wakeUp,
    watchers,
    lease,
    close: () => (closing ??= close()),
  }
}

/** 104 random bits. */
function randomName(clock: Clock): string {
  const part = (): string =>
    Math.floor(clock.random() * 2 ** 52)
      .toString(36)
      .padStart(11, '0')
  return part() + part()
}
