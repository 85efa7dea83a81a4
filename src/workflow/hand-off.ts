import { EMPTY_MESSAGE, withMessage, type Arg, type Message, type TaskResult } from '../core/message.ts'
import type {
  FailWrite,
  GroupFinish,
  GroupInit,
  GroupState,
  MemberOutcome,
  PendingWrite,
} from '../core/ports/backend.ts'
import type { Outgoing } from '../core/ports/broker.ts'
import type { GuardedMessage } from '../core/ports/same-store.ts'

/** What has to happen after a task, before its delivery is acknowledged. */
export interface HandOff {
  readonly groups: readonly GroupInit[]
  readonly next: readonly GuardedMessage[]
  readonly fail: readonly FailWrite[]
  readonly finish: GroupFinish | undefined
}

/** How messages of a hand-off are turned into publishes and state writes; given by the server, so that this stays pure. */
export interface HandOffContext {
  /** RFC 3339 UTC of now; called only where something is written. */
  readonly createdAt: () => string
  readonly expiresInMs: number
  readonly hasBackend: boolean
  readonly toOutgoing: (message: Message) => Outgoing
}

/** Group bookkeeping outlives states: the first member may be done days before the last. */
export const GROUP_EXPIRES_IN_MS = 7 * 24 * 3_600_000

const NOTHING: HandOff = { groups: [], next: [], fail: [], finish: undefined }

/**
 * W1 R1: a pure function of the message and of how its task ended (spec: reliability 4.3), so that a redelivery repeats it.
 * Results are appended to each success callback unless the parent is immutable; the error text is put in front of each
 * error callback's arguments; what can never run any more becomes FAILURE, so that no waiter hangs.
 */
export function handOff(message: Message, outcome: MemberOutcome, context: HandOffContext): HandOff {
  if (message.onSuccess.length === 0 && message.onError.length === 0 && message.groupUuid === '')
    return NOTHING
  const followers =
    outcome.state === 'SUCCESS'
      ? message.onSuccess.map((next) => (message.immutable ? next : withResults(next, outcome.results)))
      : message.onError.map((next) => withMessage(next, { args: [errorArg(outcome.error), ...next.args] }))
  return {
    groups: groupsOf(followers, context),
    next: followers.map((next) => guarded(next, context)),
    fail: outcome.state === 'SUCCESS' ? [] : upstreamFailed(message, outcome.error, context),
    finish: groupFinish(message, outcome, context),
  }
}

/**
 * What follows when the last member of a group has finished: the chord's callback with all results in order, or its
 * FAILURE when a member failed. Results are appended unless the callback is immutable.
 */
export function chordTrigger(member: Message, group: GroupState, context: HandOffContext): HandOff {
  const callback = member.chordCallback
  if (callback === undefined) return NOTHING
  const order = group.taskUuids.length > 0 ? group.taskUuids : [...group.members.keys()]
  const results: TaskResult[] = []
  for (const uuid of order) {
    const outcome = group.members.get(uuid)
    if (outcome === undefined) continue
    if (outcome.state === 'FAILURE') {
      return { ...NOTHING, fail: failTree(callback, upstreamText(uuid, outcome.error), context) }
    }
    results.push(...outcome.results)
  }
  const next = callback.immutable ? callback : withResults(callback, results)
  return { ...NOTHING, groups: groupsOf([next], context), next: [guarded(next, context)] }
}

/** Text of the FAILURE of a task that never ran because `uuid` failed; `redrive` finds it by its start. */
export function upstreamText(uuid: string, error: string): string {
  return `upstream ${uuid} failed: ${error}`
}

/** Every task that can only run after `message`: its success callbacks, its chord's callback, and theirs. */
export function* downstreamOf(message: Message): Generator<Message> {
  const open = [...message.onSuccess, ...(message.chordCallback ? [message.chordCallback] : [])]
  const seen = new Set<string>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.uuid)) continue
    seen.add(next.uuid)
    yield next
    open.push(...next.onSuccess)
    if (next.chordCallback) open.push(next.chordCallback)
  }
}

function withResults(message: Message, results: readonly TaskResult[]): Message {
  if (results.length === 0) return message
  const appended = results.map((result): Arg => ({ name: '', type: result.type, value: result.value }))
  return withMessage(message, { args: [...message.args, ...appended] })
}

function errorArg(error: string): Arg {
  return { name: '', type: 'string', value: JSON.stringify(error) }
}

/** The guarded publish of a message: with its PENDING where it has a state. */
export function guarded(message: Message, context: HandOffContext): GuardedMessage {
  return {
    message: context.toOutgoing(message),
    pending: hasState(message, context) ? pendingWrite(message, context) : undefined,
  }
}

function hasState(message: Message, context: HandOffContext): boolean {
  return context.hasBackend && !message.noBackend && message.uuid !== ''
}

function pendingWrite(message: Message, context: HandOffContext): PendingWrite {
  return {
    uuid: message.uuid,
    taskName: message.name,
    createdAt: context.createdAt(),
    expiresInMs: context.expiresInMs,
    reset: false,
  }
}

/** A hand-off initialises each group whose members it publishes; `init` does nothing to one that exists. */
function groupsOf(messages: readonly Message[], context: HandOffContext): GroupInit[] {
  const members = new Map<string, string[]>()
  for (const message of messages) {
    if (message.groupUuid === '' || !context.hasBackend) continue
    const uuids = members.get(message.groupUuid)
    if (uuids === undefined) members.set(message.groupUuid, [message.uuid])
    else uuids.push(message.uuid)
  }
  return [...members].map(([groupUuid, taskUuids]) => ({
    groupUuid,
    taskUuids,
    createdAt: context.createdAt(),
    expiresInMs: GROUP_EXPIRES_IN_MS,
  }))
}

function groupFinish(
  message: Message,
  outcome: MemberOutcome,
  context: HandOffContext,
): GroupFinish | undefined {
  if (message.groupUuid === '' || !hasState(message, context)) return undefined
  const wanted =
    message.chordCallback?.immutable === true && outcome.state === 'SUCCESS'
      ? { ...outcome, results: [] }
      : outcome
  return {
    groupUuid: message.groupUuid,
    memberUuid: message.uuid,
    count: message.groupTaskCount,
    outcome: wanted,
    expiresInMs: GROUP_EXPIRES_IN_MS,
  }
}

function upstreamFailed(message: Message, error: string, context: HandOffContext): FailWrite[] {
  if (!context.hasBackend) return []
  return [...downstreamOf(message)].flatMap((next) =>
    failOne(next, upstreamText(message.uuid, error), context),
  )
}

function failTree(root: Message, text: string, context: HandOffContext): FailWrite[] {
  return [...downstreamOf({ ...EMPTY_MESSAGE, onSuccess: [root] })].flatMap((next) =>
    failOne(next, text, context),
  )
}

function failOne(message: Message, error: string, context: HandOffContext): FailWrite[] {
  if (!hasState(message, context)) return []
  return [
    {
      uuid: message.uuid,
      taskName: message.name,
      error,
      createdAt: context.createdAt(),
      expiresInMs: context.expiresInMs,
      over: ['PENDING'],
    },
  ]
}
