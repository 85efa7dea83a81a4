import { withMessage, type Arg, type Message, type TaskResult } from '../core/message.ts'
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
import { reachableFrom, stoppedBy } from './downstream.ts'
import { memberFailurePolicy } from './member-policy.ts'

/** A member of a group that has ended: its count, and its message, whose chord's callback may be due now. */
export interface MemberEnd {
  readonly finish: GroupFinish
  readonly member: Message
}

/** What has to happen after a task, before its delivery is acknowledged. */
export interface HandOff {
  readonly groups: readonly GroupInit[]
  readonly next: readonly GuardedMessage[]
  readonly fail: readonly FailWrite[]
  readonly finishes: readonly MemberEnd[]
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
export const GROUP_EXPIRES_IN_MS: number = 7 * 24 * 3_600_000

/** Nothing follows. */
export const NO_HAND_OFF: HandOff = { groups: [], next: [], fail: [], finishes: [] }

/**
 * W1 R1: a pure function of the message and of how its task ended (spec: reliability 4.3), so that a redelivery repeats it.
 * Results are appended to each success callback unless the parent is immutable; the error text is put in front of each
 * error callback's arguments; what can never run any more becomes FAILURE, and counts as failed in its groups, so that no
 * waiter hangs.
 */
export function handOff(message: Message, outcome: MemberOutcome, context: HandOffContext): HandOff {
  if (message.onSuccess.length === 0 && message.onError.length === 0 && message.groupUuid === '') {
    return NO_HAND_OFF
  }
  if (outcome.state === 'FAILURE') {
    const onError = message.onError.map((next) =>
      withMessage(next, { args: [errorArg(outcome.error), ...next.args] }),
    )
    const stopped = stop([message], upstreamText(message.uuid, outcome.error), context)
    return {
      groups: groupsOf(onError, context),
      next: onError.map((next) => guarded(next, context)),
      fail: stopped.fail.filter((write) => write.uuid !== message.uuid),
      finishes: [
        ...memberEnd(message, outcome, context),
        ...stopped.finishes.filter(({ member }) => member !== message),
      ],
    }
  }
  const next = message.immutable
    ? message.onSuccess
    : message.onSuccess.map((follower) => withResults(follower, outcome.results))
  return {
    groups: groupsOf(next, context),
    next: next.map((follower) => guarded(follower, context)),
    fail: [],
    finishes: memberEnd(message, outcome, context),
  }
}

/**
 * What follows when the last member of a group has ended: the chord's callback with all results in order, or its FAILURE
 * when a member failed and the policy is not `call-anyway`. Results are appended unless the callback is immutable.
 */
export function chordTrigger(member: Message, group: GroupState, context: HandOffContext): HandOff {
  const callback = member.chordCallback
  if (callback === undefined) return NO_HAND_OFF
  const order = group.taskUuids.length > 0 ? group.taskUuids : [...group.members.keys()]
  const callsAnyway = memberFailurePolicy(callback) === 'call-anyway'
  const results: TaskResult[] = []
  for (const uuid of order) {
    const outcome = group.members.get(uuid)
    if (outcome?.state === 'SUCCESS') results.push(...outcome.results)
    else if (outcome !== undefined && !callsAnyway) {
      return { ...NO_HAND_OFF, ...stop([callback], memberFailed(uuid, outcome.error), context) }
    }
  }
  const next = callback.immutable ? callback : withResults(callback, results)
  return { ...NO_HAND_OFF, groups: groupsOf([next], context), next: [guarded(next, context)] }
}

/** Text of the FAILURE of a task that never ran because `uuid` failed; `redrive` finds it by its start. */
export function upstreamText(uuid: string, error: string): string {
  return `upstream ${uuid} failed: ${error}`
}

const UPSTREAM = /^upstream [\w.:-]{1,200} failed: /

/** A member that never ran keeps the cause further up, so that the text does not grow with the depth. */
function memberFailed(uuid: string, error: string): string {
  return UPSTREAM.test(error) ? error : upstreamText(uuid, error)
}

/** The guarded publish of a message: with its PENDING where it has a state. */
export function guarded(message: Message, context: HandOffContext): GuardedMessage {
  return {
    message: context.toOutgoing(message),
    pending: hasState(message, context) ? pendingWrite(message, context) : undefined,
  }
}

/**
 * The groups whose members are all among what these messages lead to. A hand-off initialises them again; that does
 * nothing to one that exists.
 */
export function groupsOf(messages: readonly Message[], context: HandOffContext): GroupInit[] {
  if (!context.hasBackend) return []
  const groups = new Map<string, { readonly uuids: string[]; readonly count: number }>()
  for (const { groupUuid, groupTaskCount, uuid } of reachableFrom(messages)) {
    if (groupUuid === '') continue
    const known = groups.get(groupUuid)
    if (known === undefined) groups.set(groupUuid, { uuids: [uuid], count: groupTaskCount })
    else known.uuids.push(uuid)
  }
  return [...groups].flatMap(([groupUuid, { uuids, count }]) =>
    uuids.length === count
      ? [{ groupUuid, taskUuids: uuids, createdAt: context.createdAt(), expiresInMs: GROUP_EXPIRES_IN_MS }]
      : [],
  )
}

/** FAILURE for everything that these roots would have led to, the roots included. */
function stop(
  roots: readonly Message[],
  error: string,
  context: HandOffContext,
): Pick<HandOff, 'fail' | 'finishes'> {
  const stopped = roots.flatMap((root) => stoppedBy(root)).filter((message) => hasState(message, context))
  return {
    fail: stopped.map((message) => ({
      uuid: message.uuid,
      taskName: message.name,
      error,
      createdAt: context.createdAt(),
      expiresInMs: context.expiresInMs,
      over: ['PENDING'],
    })),
    finishes: stopped.flatMap((message) => memberEnd(message, { state: 'FAILURE', error }, context)),
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

function memberEnd(message: Message, outcome: MemberOutcome, context: HandOffContext): MemberEnd[] {
  if (message.groupUuid === '' || !hasState(message, context)) return []
  const needsNoResults = message.chordCallback?.immutable === true && outcome.state === 'SUCCESS'
  const finish: GroupFinish = {
    groupUuid: message.groupUuid,
    memberUuid: message.uuid,
    count: message.groupTaskCount,
    outcome: needsNoResults ? { state: 'SUCCESS', results: [] } : outcome,
    expiresInMs: GROUP_EXPIRES_IN_MS,
  }
  return [{ finish, member: message }]
}
