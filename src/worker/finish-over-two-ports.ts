import type { ErrorCode } from '../core/error-codes.ts'
import { isMachineryError, type MachineryError } from '../core/errors.ts'
import type { Consumer, Settlement } from '../core/ports/broker.ts'
import type { GuardedMessage } from '../core/ports/same-store.ts'
import { isTerminal, type TaskState } from '../core/task-state.ts'
import { decodeMessage } from '../core/wire/message-codec.ts'
import { handOffContext, recordedOutgoing, type Runtime } from '../server/runtime.ts'
import { chordTrigger, handOff, undeliverable, type HandOff, type MemberEnd } from '../workflow/hand-off.ts'
import { storedOutcome, type Ending } from './ending.ts'

/** `done`: settled. `fenced`: another run owns the task; look again later. `again`: something did not go through; repeat all of it. */
export type Verdict = 'done' | 'fenced' | 'again'

interface Step {
  readonly ending: Ending
  handOff: HandOff
  settlement: Settlement
  verdict: Verdict | undefined
  /** Told what went wrong where that is no exception. */
  readonly onError: (error: unknown) => void
}

function newStep(ending: Ending, follows: HandOff, onError: (error: unknown) => void): Step {
  return { ending, handOff: follows, settlement: ending.settlement, verdict: undefined, onError }
}

/**
 * The generic path of W1 over the two ports, for a batch of endings: commit, record the retry, or give up → groups → PENDING and
 * publish of what comes next → failures downstream → group count and trigger → settle. Nothing is settled before
 * everything before it is confirmed; every step may be repeated. What fuses it (`SameStore.finish`) must equal it.
 * @throws what a port throws; then nothing was settled and the whole batch may be repeated.
 */
export async function finishOverTwoPorts(
  runtime: Runtime,
  endings: readonly Ending[],
  onError: (error: unknown) => void,
): Promise<readonly Verdict[]> {
  const steps = endings.map((ending): Step => newStep(ending, ending.handOff, onError))
  await commitAll(runtime, steps)
  await retryAll(runtime, steps)
  await giveUpAll(runtime, steps)
  await handOffAll(runtime, steps)
  await finishGroups(runtime, open(steps))
  await settleAll(runtime, open(steps))
  return steps.map((step) => step.verdict ?? 'done')
}

/** The rest of an ending whose commit and hand-off happened, and whose group's trigger it owns: trigger, then settle. */
export async function triggerAndSettle(
  runtime: Runtime,
  endings: readonly Ending[],
  onError: (error: unknown) => void,
): Promise<readonly Verdict[]> {
  const steps = endings.map((ending): Step => newStep(ending, ending.handOff, onError))
  await finishGroups(runtime, steps)
  await settleAll(runtime, open(steps))
  return steps.map((step) => step.verdict ?? 'done')
}

function open(steps: readonly Step[]): Step[] {
  return steps.filter((step) => step.verdict === undefined)
}

async function commitAll(runtime: Runtime, steps: readonly Step[]): Promise<void> {
  const withCommit = steps.flatMap((step) =>
    step.ending.commit === undefined ? [] : [{ step, write: step.ending.commit }],
  )
  if (withCommit.length === 0 || runtime.backend === undefined) return
  const outcomes = await runtime.backend.tasks.commit(withCommit.map((item) => item.write))
  withCommit.forEach(({ step }, index) => {
    const outcome = outcomes[index]
    if (outcome?.kind === 'fenced') step.verdict = 'fenced'
    // The stored result counts, also when another copy won: a hand-off never depends on memory (R1).
    else if (outcome?.kind === 'done') repeatHandOff(runtime, step, outcome.state)
  })
}

async function retryAll(runtime: Runtime, steps: readonly Step[]): Promise<void> {
  const withRetry = steps.flatMap((step) =>
    step.ending.retry === undefined ? [] : [{ step, write: step.ending.retry }],
  )
  if (withRetry.length === 0 || runtime.backend === undefined) return
  const outcomes = await runtime.backend.tasks.retry(withRetry.map((item) => item.write))
  withRetry.forEach(({ step }, index) => {
    const outcome = outcomes[index]
    if (outcome?.kind === 'fenced') step.verdict = 'fenced'
    else if (outcome?.kind === 'done') repeatHandOff(runtime, step, outcome.state)
    else if (outcome?.kind === 'intent') {
      step.handOff = {
        ...step.handOff,
        next: [{ message: recordedOutgoing(runtime, outcome.body), pending: undefined }],
      }
    }
  })
}

/** Another end may have been stored since the delivery was looked at: then that one counts, and nothing fails. */
async function giveUpAll(runtime: Runtime, steps: readonly Step[]): Promise<void> {
  const { backend } = runtime
  const given = steps.flatMap((step) =>
    step.ending.giveUp === undefined ? [] : [{ step, write: step.ending.giveUp }],
  )
  if (given.length === 0 || backend === undefined) return
  const outcomes = await backend.tasks.fail(given.map((item) => item.write))
  const ended = given.filter((_, index) => outcomes[index] === 'exists')
  if (ended.length === 0) return
  const states = await backend.tasks.get(ended.map(({ write }) => write.uuid))
  ended.forEach(({ step }, index) => {
    const state = states[index]
    if (state === undefined || !isTerminal(state.state)) step.verdict = 'again'
    else repeatHandOff(runtime, step, state)
  })
}

/** A message whose task has succeeded elsewhere is done with: it is no dead letter, unless it cannot be read. */
function repeatHandOff(runtime: Runtime, step: Step, state: TaskState): void {
  const isReadable = step.ending.held.message.name !== ''
  if (state.state === 'SUCCESS' && isReadable) step.settlement = { id: step.settlement.id, kind: 'ack' }
  step.handOff = handOff(step.ending.held.message, storedOutcome(state), handOffContext(runtime))
}

async function handOffAll(runtime: Runtime, steps: readonly Step[]): Promise<void> {
  const live = open(steps)
  const groups = live.flatMap((step) => step.handOff.groups)
  if (groups.length > 0) await runtime.backend?.groups.init(groups)
  await publishGuarded(runtime, live)
  const fails = open(live).flatMap((step) => step.handOff.fail)
  if (fails.length > 0) await runtime.backend?.tasks.fail(fails)
}

async function publishGuarded(runtime: Runtime, steps: readonly Step[]): Promise<void> {
  const all = steps.flatMap((step) => step.handOff.next.map((next) => ({ step, next })))
  if (all.length === 0) return
  const skip = await alreadyFurther(
    runtime,
    all.map((item) => item.next),
  )
  const toPublish = all.filter((item) => !skip.has(item.next))
  const outcomes =
    toPublish.length > 0 ? await runtime.broker.publish(toPublish.map((item) => item.next.message)) : []
  toPublish.forEach(({ step, next }, index) => {
    const outcome = outcomes[index]
    if (outcome?.outcome === 'stored') return
    if (outcome?.outcome === 'refused' && isForGood(outcome.error)) giveUp(runtime, step, next, outcome.error)
    else {
      step.verdict = 'again'
      if (outcome?.error !== undefined) step.onError(outcome.error)
    }
  })
}

/** Refusals that trying again cannot change: such a message would be tried for ever, and its task never end. */
function isForGood(error: MachineryError | undefined): error is MachineryError {
  const codes: readonly ErrorCode[] = ['ERR_MESSAGE_TOO_LARGE', 'ERR_UNSUPPORTED', 'ERR_OPTION_INVALID']
  return error !== undefined && codes.includes(error.code)
}

function giveUp(runtime: Runtime, step: Step, next: GuardedMessage, error: MachineryError): void {
  const { uuid, queue } = next.message
  runtime.logger.error({ uuid, queue, err: error }, 'the broker refuses a message for good: its task fails')
  const message = decodeMessage(next.message.body, runtime.limits)
  const text = `Publish message error: ${error.message}`
  const stopped = undeliverable(message, text, handOffContext(runtime))
  step.handOff = {
    ...step.handOff,
    fail: [...step.handOff.fail, ...stopped.fail],
    finishes: [...step.handOff.finishes, ...stopped.finishes],
  }
}

/** R4: writes PENDING, and answers which messages must not be published any more. */
async function alreadyFurther(
  runtime: Runtime,
  messages: readonly GuardedMessage[],
): Promise<ReadonlySet<GuardedMessage>> {
  const withState = messages.flatMap((message) =>
    message.pending === undefined ? [] : [{ message, write: message.pending }],
  )
  if (withState.length === 0 || runtime.backend === undefined) return new Set()
  const outcomes = await runtime.backend.tasks.pending(withState.map((item) => item.write))
  return new Set(withState.filter((_, index) => outcomes[index] === 'exists').map((item) => item.message))
}

interface OpenEnd {
  readonly step: Step
  readonly end: MemberEnd
}

/** Counts the members that the steps end, and runs the triggers that are theirs. */
async function finishGroups(runtime: Runtime, steps: readonly Step[]): Promise<void> {
  await finishMembers(
    runtime,
    steps.flatMap((step) => step.handOff.finishes.map((end) => ({ step, end }))),
  )
}

async function finishMembers(runtime: Runtime, ends: readonly OpenEnd[]): Promise<void> {
  if (ends.length === 0 || runtime.backend === undefined) return
  const outcomes = await runtime.backend.groups.finish(ends.map(({ end }) => end.finish))
  const owned = ends.filter((_, index) => outcomes[index] === 'trigger')
  for (let from = 0; from < owned.length; from += TRIGGERS_AT_ONCE) {
    const some = owned.slice(from, from + TRIGGERS_AT_ONCE)
    const ended = await Promise.allSettled(some.map((one) => trigger(runtime, one)))
    const failed = ended.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

/** Side by side, since others may wait for a group's trigger; each has the results of all its members at hand. */
const TRIGGERS_AT_ONCE = 16

/**
 * Publishes a group's callback, or fails it and with it members of other groups, whose triggers follow. The trigger stays ours until all
 * of that is confirmed: until then the ending is repeated, and this with it.
 */
async function trigger(runtime: Runtime, { step, end }: OpenEnd): Promise<void> {
  const { backend } = runtime
  const [group] = (await backend?.groups.get([end.finish.groupUuid])) ?? []
  if (backend === undefined || group === undefined) return
  const callback = chordTrigger(end.member, group, handOffContext(runtime))
  const triggered = newStep(step.ending, callback, step.onError)
  await handOffAll(runtime, [triggered])
  if (triggered.verdict === undefined) await finishGroups(runtime, [triggered])
  if (triggered.verdict === 'again') step.verdict = 'again'
  else {
    await backend.groups.triggered([end.finish.groupUuid])
    for (const { message } of callback.next)
      runtime.telemetry?.sent(end.member.chordCallback?.name ?? '', message.queue)
  }
}

/** A settlement that is lost is no error: the copy that owns the message now finds the terminal state. */
async function settleAll({ telemetry }: Runtime, steps: readonly Step[]): Promise<void> {
  const byConsumer = new Map<Consumer, { step: Step; settlement: Settlement }[]>()
  for (const step of steps) {
    const { consumer } = step.ending.held
    const list = byConsumer.get(consumer)
    const item = { step, settlement: step.settlement }
    if (list === undefined) byConsumer.set(consumer, [item])
    else list.push(item)
  }
  for (const [consumer, items] of byConsumer) {
    try {
      const outcomes = await consumer.settle(items.map((item) => item.settlement))
      if (telemetry === undefined) continue
      items.forEach(({ step, settlement }, index) => {
        if (settlement.kind === 'deadLetter' && outcomes[index] === 'settled')
          telemetry.deadLettered(step.ending.held)
      })
    } catch (error) {
      if (isMachineryError(error, 'ERR_CLOSED')) continue
      items[0]?.step.onError(error)
      for (const item of items) item.step.verdict = 'again'
    }
  }
}
