import type { Backend } from '../core/ports/backend.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'
import { nowRfc3339, parseRfc3339 } from '../core/rfc3339.ts'
import { isTerminal, type TaskState } from '../core/task-state.ts'
import type { CompiledWorkflow } from '../workflow/compile-workflow.ts'
import { endsOf, type PeriodicWork } from './periodic-work.ts'
import { skippedUuid, type Tick } from './tick-id.ts'

/** States read at once. */
const CHUNK = 500
/** Entries of the outbox looked at. */
const OUTBOX_LOOKED_AT = 1_000
const SKIPPED = 'skipped: the run of '
/** A mark outlives the states of a run, and the time between two ticks of most schedules. */
const MARK_EXPIRES_IN_MS = 40 * 86_400_000

/** Where runs and marks are looked for. */
export interface OverlapParts {
  readonly backend: Backend
  readonly store: ScheduleStore
}

/**
 * The tick whose run has not ended: `previous`, or the earlier one that its mark names when it was skipped; undefined when
 * neither goes on.
 */
export async function runningTick(
  work: PeriodicWork,
  previous: Tick,
  { backend, store }: OverlapParts,
): Promise<Tick | undefined> {
  const waiting = await store.outbox(0, OUTBOX_LOOKED_AT)
  if (waiting.some((entry) => entry.name === previous.name)) return previous
  if (await isRunning(backend, work.compiled(previous))) return previous
  const [mark] = await backend.tasks.get([skippedUuid(previous)])
  const earlierAt = mark?.error.startsWith(SKIPPED) === true ? markedTick(mark.error) : undefined
  if (earlierAt === undefined) return undefined
  const earlier = { ...previous, tickAt: earlierAt }
  return (await isRunning(backend, work.compiled(earlier))) ? earlier : undefined
}

/** Marks a tick as skipped, with the one whose run goes on: the next tick has to find that run. */
export async function markSkipped(skipped: Tick, running: Tick, backend: Backend): Promise<void> {
  await backend.tasks.fail([
    {
      uuid: skippedUuid(skipped),
      taskName: skipped.name,
      error: `${SKIPPED}${nowRfc3339(running.tickAt)} had not ended`,
      createdAt: nowRfc3339(skipped.tickAt),
      expiresInMs: MARK_EXPIRES_IN_MS,
      over: [],
    },
  ])
}

function markedTick(error: string): number | undefined {
  return parseRfc3339(error.slice(SKIPPED.length).split(' ')[0] ?? '')?.epochMs
}

/**
 * A later step has no state before its turn. So a run goes on while any state is not terminal, and while an end has none and a
 * step before it has succeeded. Where nothing is stored any more, it has ended.
 */
async function isRunning(backend: Backend, { shape, tasks }: CompiledWorkflow): Promise<boolean> {
  const ends = new Set(endsOf(shape))
  const endStates = await statesOf(backend, [...ends])
  if (endStates.some(isOpen)) return true
  if (endStates.every((state) => state !== undefined)) return false
  const others = await statesOf(
    backend,
    tasks.map(({ uuid }) => uuid).filter((uuid) => !ends.has(uuid)),
  )
  return others.some((state) => isOpen(state) || state?.state === 'SUCCESS')
}

function isOpen(state: TaskState | undefined): boolean {
  return state !== undefined && !isTerminal(state.state)
}

async function statesOf(
  backend: Backend,
  uuids: readonly string[],
): Promise<readonly (TaskState | undefined)[]> {
  const states: (TaskState | undefined)[] = []
  for (let start = 0; start < uuids.length; start += CHUNK) {
    states.push(...(await backend.tasks.get(uuids.slice(start, start + CHUNK))))
  }
  return states
}
