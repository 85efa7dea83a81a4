import type { Message } from '../core/message.ts'
import type { Consumer, Delivery } from '../core/ports/broker.ts'
import type { RunTrace } from '../core/telemetry.ts'
import type { RunnableTask } from '../task/registry.ts'
import type { TaskTimes } from './run-trace.ts'

/** Why a handler's signal was aborted. */
export type AbortKind = 'leaseLost' | 'shutdown' | 'softLimit' | 'hardLimit' | 'cancelled'

/** One delivery that this worker holds, from the claim to its settlement. */
export interface Held {
  readonly delivery: Delivery
  readonly consumer: Consumer
  readonly message: Message
  /** Undefined for a message that will not run here. */
  readonly task: RunnableTask | undefined
  /** Whether a state is kept for it: there is a backend, a UUID, and nobody asked for none. */
  readonly hasState: boolean
  /** 1-based number of this try. */
  attempt: number
  /** How often it was found that another run owns the task; `begin` has to tell then what became of it. */
  readonly fencedTimes: number
  /** Whether `begin` was recorded before the handler started. */
  begun: boolean
  /** Monotonic ms at which its handler began; undefined before. */
  startedAt: number | undefined
  /** Aborts the handler's signal; set while it runs. `text`: who ended a task that is cancelled, and why. */
  abort: ((kind: AbortKind, text?: string) => void) | undefined
  /** Why its handler's signal was aborted, if it was. */
  abortedBy: AbortKind | undefined
  /** Whether it is ours no more: its message was, or will be, handed to somebody else. */
  isLost: boolean
  /** Whether its end was decided: what a handler that still runs answers is ignored then. */
  ended: boolean
  /** Since when it waits; undefined without telemetry. */
  times: TaskTimes | undefined
  /** Its run; undefined before it, and without telemetry. */
  run: RunTrace | undefined
}

/** A message in short, for log lines. */
export function logFields(held: Held): Record<string, unknown> {
  return {
    uuid: held.message.uuid,
    task: held.message.name,
    queue: held.delivery.queue,
    attempt: held.attempt,
  }
}
