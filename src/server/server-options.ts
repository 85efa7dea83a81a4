import type { Clock } from '../core/clock.ts'
import type { IdSource } from '../core/id.ts'
import type { Logger } from '../core/logger.ts'
import type { Message } from '../core/message.ts'
import type { Backend } from '../core/ports/backend.ts'
import type { Broker } from '../core/ports/broker.ts'
import type { Lock } from '../core/ports/lock.ts'
import type { Telemetry } from '../core/telemetry.ts'
import type { WireLimits } from '../core/wire/limits.ts'
import type { WireForm } from '../core/wire/message-codec.ts'
import type { AnyTask } from '../task/task-definition.ts'

/**
 * Called before `send` publishes a message; not for retries and callbacks, whose bytes must not depend on who publishes them.
 * May answer a changed message; not with another UUID. What it throws, `send` throws.
 */
export type BeforePublish = (message: Message) => Message | void | Promise<Message | void>

/** Options of a server that do not depend on how its ports were made. */
export interface ServerOptions {
  /** Tasks to register; more can be registered later. */
  readonly tasks?: readonly AnyTask[]
  /** Queue of messages without a routing key. @default 'machinery_tasks' */
  readonly defaultQueue?: string
  /** ms for which a state is kept after its last change. @default 3_600_000 */
  readonly resultsExpireInMs?: number
  /**
   * How messages are written, and states where the store keeps Go's documents and is opened by URL: only the fields that are set,
   * all, or exactly Go's bytes in one of its dialects. All are read by every Machinery. @default 'compact'
   */
  readonly wire?: WireForm
  /** Limits on what is read and sent. */
  readonly limits?: Partial<WireLimits>
  /** Runs every task inside `send`; delays are ignored. For tests and scripts. @default false */
  readonly eager?: boolean
  readonly beforePublish?: BeforePublish
  readonly logger?: Logger
  /** Where traces and metrics go: `openTelemetry()` of `machinery-ts/opentelemetry`, or a metrics endpoint's. @default nowhere */
  readonly telemetry?: Telemetry | undefined
  readonly clock?: Clock
  /** Where the UUIDs of groups and workers come from; a task has one of its own as soon as it is called. */
  readonly ids?: IdSource
}

/** The ports a server works on. */
export interface ServerPorts {
  readonly broker: Broker
  readonly backend: Backend | undefined
  readonly lock: Lock
  /** Closes what was opened for this server; ports that were injected stay open. */
  readonly close: () => Promise<void>
}
