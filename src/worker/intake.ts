import { errorText } from '../core/errors.ts'
import { EMPTY_MESSAGE, type Message } from '../core/message.ts'
import type { Consumer, Delivery } from '../core/ports/broker.ts'
import { isTerminal, type TaskState } from '../core/task-state.ts'
import { decodeMessage } from '../core/wire/message-codec.ts'
import type { Runtime } from '../server/runtime.ts'
import type { Held } from './held.ts'
import { messageDigest } from './message-digest.ts'
import { deliveredTooOften } from './missing-dead-letter.ts'
import { taskTimes } from './run-trace.ts'

/** What is to be done with a held delivery. */
export type Decision =
  | { readonly kind: 'run' }
  /** It ended before: hand off what is stored, then acknowledge (R3). */
  | { readonly kind: 'repeat'; readonly state: TaskState }
  /** This attempt decided to retry before: publish the recorded bytes, then acknowledge. */
  | { readonly kind: 'intent'; readonly body: Uint8Array }
  | { readonly kind: 'unknownTask' }
  /** Its task is paused: not now. */
  | { readonly kind: 'paused' }
  /** It must not run: dead letter, with the reason. */
  | { readonly kind: 'giveUp'; readonly reason: string }

/**
 * Makes a held delivery of each, with its message decoded. One that cannot be decoded keeps its UUID where it can be read, and the
 * reason.
 */
export function hold(
  runtime: Runtime,
  consumer: Consumer,
  delivery: Delivery,
): { held: Held; unreadable: string | undefined } {
  try {
    const message = decodeMessage(delivery.body, runtime.limits)
    return { held: makeHeld(runtime, consumer, delivery, message), unreadable: undefined }
  } catch (error) {
    const message: Message = { ...EMPTY_MESSAGE, uuid: readableUuid(delivery.body, runtime.limits.maxBytes) }
    return { held: makeHeld(runtime, consumer, delivery, message), unreadable: errorText(error) }
  }
}

/**
 * Decides what to do with deliveries. One batched read of the states tells; `begin` is awaited only where a delivery
 * count, or a state that is neither absent nor PENDING, says that somebody may have been here before (design, section 2).
 * @throws what the backend throws; then nothing was decided and it can be called again.
 */
export async function decide(
  runtime: Runtime,
  helds: readonly Held[],
  maxDeliveries: number,
  isPaused: (taskName: string) => boolean,
): Promise<readonly Decision[]> {
  const states = await readStates(runtime, helds)
  if (runtime.telemetry !== undefined)
    helds.forEach((held, index) => (held.times = taskTimes(held.message, states[index])))
  const decisions = helds.map((held, index) => firstDecision(held, states[index], maxDeliveries, isPaused))
  const toBegin = helds.flatMap((held, index) =>
    needsBegin(held, states[index], decisions[index]) ? [{ held, index }] : [],
  )
  if (toBegin.length === 0 || runtime.backend === undefined) return decisions
  const outcomes = await runtime.backend.tasks.begin(
    toBegin.map(({ held }) => ({
      uuid: held.message.uuid,
      taskName: held.message.name,
      expiresInMs: runtime.resultsExpireInMs,
      token: held.delivery.id,
      digest: messageDigest(held.delivery.body),
      ifFirst: false,
    })),
  )
  toBegin.forEach(({ held, index }, position) => {
    const outcome = outcomes[position]
    if (outcome?.kind === 'done') decisions[index] = { kind: 'repeat', state: outcome.state }
    else if (outcome?.kind === 'intent') decisions[index] = { kind: 'intent', body: outcome.body }
    else if (outcome?.kind === 'run') {
      held.begun = true
      held.attempt = Math.max(held.attempt, outcome.begins)
    }
  })
  return decisions
}

async function readStates(
  runtime: Runtime,
  helds: readonly Held[],
): Promise<readonly (TaskState | undefined)[]> {
  // Telemetry wants to know more of a state than what it is.
  const isKnown = ({ delivery, fencedTimes }: Held): boolean =>
    delivery.isNew === true && fencedTimes === 0 && runtime.sameStore !== undefined && !runtime.telemetry
  const toRead = helds.filter((held) => held.hasState && !isKnown(held))
  if (toRead.length === 0 || runtime.backend === undefined) return []
  const read = await runtime.backend.tasks.get(toRead.map((held) => held.message.uuid))
  const states = new Map(toRead.map((held, index) => [held, read[index]]))
  return helds.map((held) => states.get(held))
}

function firstDecision(
  held: Held,
  state: TaskState | undefined,
  maxDeliveries: number,
  isPaused: (taskName: string) => boolean,
): Decision {
  // A hand-off that is not confirmed must never be given up, whatever the count says.
  if (state !== undefined && isTerminal(state.state)) return { kind: 'repeat', state }
  // Before anything that counts: a pause uses neither attempts nor deliveries.
  if (isPaused(held.message.name)) return { kind: 'paused' }
  // A task that no worker here knows has a limit of its own.
  if (held.task === undefined) return { kind: 'unknownTask' }
  // What nobody began has killed nobody: its count comes from workers that did not know the task.
  const mayHaveBegun = !held.hasState || (state !== undefined && state.state !== 'PENDING')
  if (held.delivery.deliveryCount < maxDeliveries || !mayHaveBegun) return { kind: 'run' }
  return {
    kind: 'giveUp',
    reason: deliveredTooOften(held.delivery.deliveryCount + 1, maxDeliveries),
  }
}

function needsBegin(held: Held, state: TaskState | undefined, decision: Decision | undefined): boolean {
  if (decision?.kind !== 'run' || !held.hasState) return false
  return (
    held.fencedTimes > 0 ||
    held.delivery.deliveryCount > 0 ||
    (state !== undefined && state.state !== 'PENDING')
  )
}

function makeHeld(runtime: Runtime, consumer: Consumer, delivery: Delivery, message: Message): Held {
  const task = runtime.registry.get(message.name)
  return {
    delivery,
    consumer,
    message,
    task,
    hasState: runtime.backend !== undefined && message.uuid !== '' && !message.noBackend,
    attempt: message.attemptCount + delivery.deliveryCount + 1,
    fencedTimes: 0,
    begun: false,
    startedAt: undefined,
    abort: undefined,
    abortedBy: undefined,
    isLost: false,
    ended: false,
    times: undefined,
    run: undefined,
  }
}

const UUID_SHAPE = /^[\w.:-]{1,200}$/

/** Every Machinery writes the UUID first: it can be read of a message that is too large to be parsed. */
const UUID_FIRST = /^\s*\{\s*"UUID"\s*:\s*"([\w.:-]{1,200})"/
const UUID_FIRST_BYTES = 512

/** The UUID of a message that breaks a rule but is JSON, so that whoever waits for it learns of its end. */
function readableUuid(body: Uint8Array, maxBytes: number): string {
  if (body.byteLength > maxBytes)
    return UUID_FIRST.exec(Buffer.from(body.subarray(0, UUID_FIRST_BYTES)).toString('latin1'))?.[1] ?? ''
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    const uuid =
      typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>)['UUID'] : undefined
    return typeof uuid === 'string' && UUID_SHAPE.test(uuid) ? uuid : ''
  } catch {
    return ''
  }
}
