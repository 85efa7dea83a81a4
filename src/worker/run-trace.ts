import { isMachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import { parseRfc3339 } from '../core/rfc3339.ts'
import type { TaskState } from '../core/task-state.ts'
import type { RunOutcome, RunTrace } from '../core/telemetry.ts'
import type { Runtime } from '../server/runtime.ts'
import type { Held } from './held.ts'

/** Since when a task waits. Epoch ms; undefined where neither message nor state tells. */
export interface TaskTimes {
  /** When it was first stored. */
  readonly ingestedAt: number | undefined
  /** From when on it could have run. */
  readonly dueAt: number | undefined
}

/** What message and state tell of the times of a task (spec: go-core 1.1, IngestionTime; 3.2). */
export function taskTimes(message: Message, state: TaskState | undefined): TaskTimes {
  const ingestedAt = epochMs(message.ingestionTime) ?? epochMs(state?.createdAt)
  const planned = state?.retryAt ?? epochMs(message.eta)
  if (planned !== undefined) return { ingestedAt, dueAt: Math.max(planned, ingestedAt ?? planned) }
  return { ingestedAt, dueAt: message.attemptCount > 0 ? undefined : ingestedAt }
}

/** A handler begins: undefined without telemetry. */
export function traceRun({ telemetry, clock }: Runtime, held: Held): RunTrace | undefined {
  if (telemetry === undefined) return undefined
  // A copy that was handed out before has been waiting for the death of its worker.
  const dueAt = held.delivery.deliveryCount === 0 ? held.times?.dueAt : undefined
  held.run = telemetry.run(held, dueAt === undefined ? undefined : Math.max(0, clock.now() - dueAt))
  return held.run
}

/** A run that is traced has ended. */
export function endRun({ clock }: Runtime, held: Held, outcome: RunOutcome, error?: unknown): void {
  const { run, startedAt } = held
  if (run === undefined || startedAt === undefined) return
  const ingestedAt = held.times?.ingestedAt
  run.end({
    outcome,
    ranMs: clock.monotonic() - startedAt,
    sinceIngestionMs: ingestedAt === undefined ? undefined : Math.max(0, clock.now() - ingestedAt),
    error,
  })
}

/** How a run that failed for good counts: handlers often end with an error of their own when their signal is aborted. */
export function failureOutcome({ abortedBy }: Held, error: unknown): RunOutcome {
  return abortedBy === 'softLimit' || isMachineryError(error, 'ERR_TASK_TIMEOUT') ? 'timeout' : 'failure'
}

function epochMs(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : parseRfc3339(text)?.epochMs
}
