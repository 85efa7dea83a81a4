import type { Clock } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import { taskUuid } from '../core/id.ts'
import type { Message } from '../core/message.ts'
import { toOutgoing, type Runtime } from '../server/runtime.ts'
import { validateFirstSteps } from '../server/send-workflow.ts'
import type { BeforePublish } from '../server/server-options.ts'
import { compileWorkflow, type CompiledWorkflow, type ResultShape } from '../workflow/compile-workflow.ts'
import { nodeOf } from '../workflow/workflow-node.ts'
import { tickUuids, type Tick } from './tick-id.ts'
import { encodePayload, MAX_PAYLOAD_BYTES } from './tick-payload.ts'

/** What a schedule enqueues, and how. */
export interface PeriodicWork {
  /** @throws what `beforePublish` throws; `ERR_OPTION_INVALID` when it changes a UUID; `ERR_MESSAGE_TOO_LARGE`. */
  payload(tick: Tick): Promise<Uint8Array>
  /** The work of a tick, compiled. */
  compiled(tick: Tick): CompiledWorkflow
  /** The payload of a run outside of the schedule, and the UUIDs of the tasks that end it. */
  extraRun(nowMs: number): Promise<{ readonly payload: Uint8Array; readonly uuids: readonly string[] }>
}

/** What `periodicWork` needs of its server. */
export interface WorkParts {
  readonly runtime: Runtime
  readonly beforePublish: BeforePublish | undefined
}

/**
 * Checks work once, so that a tick cannot fail on it. The signatures are templates: their arguments stay as they are, every run has
 * UUIDs of its own, and a `delayMs` counts from the tick.
 * @throws as `server.send` for work that cannot be sent.
 */
export async function periodicWork(value: unknown, parts: WorkParts): Promise<PeriodicWork> {
  const { runtime } = parts
  const node = nodeOf(value, 'the work of the schedule')
  await validateFirstSteps(node)
  const compiled = (tick: Tick): CompiledWorkflow =>
    compileWorkflow(node, { nowMs: tick.tickAt, limits: runtime.limits, ...tickUuids(tick) })
  const { roots } = compiled({ name: '', spec: '', tickAt: runtime.clock.now() })
  if (runtime.backend === undefined && roots.some((root) => root.groupUuid !== '')) {
    throw new MachineryError(
      'ERR_BACKEND_REQUIRED',
      'Result backend required: a group counts its members there',
    )
  }
  payloadOf(roots, runtime, runtime.clock.now())
  return {
    compiled,
    payload: async (tick) => hookedPayload(compiled(tick).roots, parts, tick.tickAt),
    extraRun: async (nowMs) => {
      const run = compileWorkflow(node, { nowMs, ...freshUuids(runtime), limits: runtime.limits })
      return { payload: await hookedPayload(run.roots, parts, nowMs), uuids: endsOf(run.shape) }
    },
  }
}

/** The tasks whose end is the end of the work. */
export function endsOf(shape: ResultShape): readonly string[] {
  return shape.kind === 'task' ? [shape.uuid] : shape.members.flatMap(endsOf)
}

/** Whether its end leaves a state behind. */
export function hasStates(shape: ResultShape): boolean {
  return shape.kind === 'task' ? !shape.noResult : shape.members.every(hasStates)
}

function freshUuids({ ids }: Runtime): Pick<Parameters<typeof compileWorkflow>[1], 'ids' | 'uuidOf'> {
  const uuids = new Map<string, string>()
  return {
    ids,
    uuidOf: (original) => {
      const uuid = uuids.get(original) ?? taskUuid(ids)
      uuids.set(original, uuid)
      return uuid
    },
  }
}

async function hookedPayload(
  roots: readonly Message[],
  { runtime, beforePublish }: WorkParts,
  nowMs: number,
): Promise<Uint8Array> {
  if (beforePublish === undefined) return payloadOf(roots, runtime, nowMs)
  const hooked: Message[] = []
  for (const root of roots) {
    const changed = (await beforePublish(root)) ?? root
    if (changed.uuid !== root.uuid) {
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `beforePublish changed the UUID from ${root.uuid} to ${changed.uuid}; it must stay`,
      )
    }
    hooked.push(changed)
  }
  return payloadOf(hooked, runtime, nowMs)
}

/** Queue and due time are settled here, so that whoever publishes it has no say in them. */
function payloadOf(roots: readonly Message[], runtime: Runtime, nowMs: number): Uint8Array {
  const atTick: Runtime = { ...runtime, wire: 'compact', clock: withTime(runtime.clock, () => nowMs) }
  const bodies = roots.map((root) => {
    const { body } = toOutgoing(atTick, root)
    if (body.byteLength <= runtime.limits.maxBytes) return body
    throw tooLarge(`task ${root.name} makes a message of ${body.byteLength} bytes`, runtime.limits.maxBytes)
  })
  const payload = encodePayload(bodies)
  if (payload.byteLength <= MAX_PAYLOAD_BYTES) return payload
  throw tooLarge(`one tick makes messages of ${payload.byteLength} bytes`, MAX_PAYLOAD_BYTES)
}

function tooLarge(what: string, limit: number): MachineryError {
  return new MachineryError('ERR_MESSAGE_TOO_LARGE', `${what}; the limit is ${limit}`, { details: { limit } })
}

/** The clock with another wall time. */
export function withTime(clock: Clock, now: () => number): Clock {
  return {
    now,
    monotonic: () => clock.monotonic(),
    setTimer: (callback, delayMs, hold) => clock.setTimer(callback, delayMs, hold),
    defer: (callback) => clock.defer(callback),
    random: () => clock.random(),
  }
}
