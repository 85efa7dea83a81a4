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
  createdAt(): string
  readonly expiresInMs: number
  readonly hasBackend: boolean
  /** Largest message that receivers read. */
  readonly maxBytes: number
  toOutgoing(message: Message): Outgoing
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
    const sent = follow(onError, context)
    return {
      ...sent,
      fail: [...sent.fail, ...stopped.fail.filter((write) => write.uuid !== message.uuid)],
      finishes: [
        ...memberEnd(message, outcome, context),
        ...sent.finishes,
        ...stopped.finishes.filter(({ member }) => member !== message),
      ],
    }
  }
  const next = message.immutable
    ? message.onSuccess
    : message.onSuccess.map((follower) => withResults(follower, outcome.results))
  const sent = follow(next, context)
  return { ...sent, finishes: [...memberEnd(message, outcome, context), ...sent.finishes] }
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
  return follow([next], context)
}

/** A message that no broker will take, now or later: its task, and everything after it, ends in FAILURE. */
export function undeliverable(
  message: Message,
  error: string,
  context: HandOffContext,
): Pick<HandOff, 'fail' | 'finishes'> {
  return stop([message], error, context, ['PENDING', 'RETRY'])
}

/** Results make messages grow: one that its receivers would refuse is not sent, and its task fails visibly. */
function follow(messages: readonly Message[], context: HandOffContext): HandOff {
  const next: GuardedMessage[] = []
  const small: Message[] = []
  const fail: FailWrite[] = []
  const finishes: MemberEnd[] = []
  for (const message of messages) {
    const one = guarded(message, context)
    const bytes = one.message.body.byteLength
    if (bytes <= context.maxBytes) {
      next.push(one)
      small.push(message)
      continue
    }
    const text = `message of ${bytes} bytes, results included; the limit is ${context.maxBytes}`
    const stopped = stop([message], text, context)
    fail.push(...stopped.fail)
    finishes.push(...stopped.finishes)
  }
  return { groups: groupsOf(small, context), next, fail, finishes }
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

/** PENDING for the members of groups that are published later than these roots. */
export function laterMembers(roots: readonly Message[], context: HandOffContext): PendingWrite[] {
  const published = new Set(roots)
  return reachableFrom(roots)
    .filter((message) => message.groupUuid !== '' && !published.has(message) && hasState(message, context))
    .map((message) => pendingWrite(message, context))
}

/** FAILURE for everything that these roots would have led to, the roots included. */
function stop(
  roots: readonly Message[],
  error: string,
  context: HandOffContext,
  over: FailWrite['over'] = ['PENDING'],
): Pick<HandOff, 'fail' | 'finishes'> {
  const stopped = roots.flatMap((root) => stoppedBy(root)).filter((message) => hasState(message, context))
  return {
    fail: stopped.map((message) => ({
      uuid: message.uuid,
      taskName: message.name,
      error,
      createdAt: context.createdAt(),
      expiresInMs: context.expiresInMs,
      over,
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
