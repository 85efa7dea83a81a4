import { MachineryError } from '../../core/errors.ts'
import type { CommitWrite, PendingOutcome, RetryWrite } from '../../core/ports/backend.ts'
import type { PublishOutcome } from '../../core/ports/broker.ts'
import type {
  FinishUnit,
  FinishUnitOutcome,
  GuardedMessage,
  SameStore,
  SendOutcome,
  SendUnit,
} from '../../core/ports/same-store.ts'
import type { RedisArgument } from './redis-client.ts'
import { CommitRuns, fieldOf } from './redis-commit-runs.ts'
import type { RedisConsumer } from './redis-consumer.ts'
import type { RedisEngine } from './redis-engine.ts'
import { durably, type SendWith } from './redis-durability.ts'
import { refusalCode } from './redis-errors.ts'
import { addGroup, addMember } from './redis-group-states.ts'
import type { QueueKeys } from './redis-keys.ts'
import { addPost, failedOutcome, limitText, refusal, type RedisPublisher, STORED } from './redis-publish.ts'
import { SendCalls, type UnitCall } from './redis-send-calls.ts'
import { addWrite, stateDefaults } from './redis-state-text.ts'
import { inParts } from './redis-parts.ts'
import { addCommit, addFail, addRetry, PENDING_OUTCOMES } from './redis-task-states.ts'

/** What is fused: the messages of one broker, and the states in the same server. */
export interface SameStorePlace {
  readonly engine: RedisEngine
  readonly publisher: RedisPublisher
  readonly keysOf: (queue: string) => QueueKeys
  readonly holderOf: (deliveryId: string) => RedisConsumer | undefined
  /** @throws `ERR_CLOSED` */
  readonly requireOpen: () => void
}

const UNITS_PER_CALL = 200
const FINISH_OUTCOMES: readonly FinishUnitOutcome[] = ['done', 'fenced', 'trigger']

/** A batch is one script, in which each unit happens or is refused by itself. */
export function openRedisSameStore(place: SameStorePlace): SameStore {
  const { engine, publisher, keysOf, holderOf, requireOpen } = place
  const { connection, delayed, settings } = engine
  const { wire, delayedKey, interop } = settings
  const limit = limitText(settings)

  const run = async (
    script: 'send' | 'finish',
    head: UnitCall,
    calls: readonly UnitCall[],
    onSent?: Parameters<SendWith>[0],
  ): Promise<readonly unknown[]> => {
    const keys = [delayed.plain, delayed.enveloped, ...head.keys]
    const args: RedisArgument[] = [...stateDefaults(wire), ...head.args]
    for (const call of calls) {
      keys.push(...call.keys)
      args.push(String(call.keys.length), String(call.args.length), ...call.args)
    }
    return (await connection.script(script, keys, args, onSent)) as readonly unknown[]
  }

  const addGuarded = ({ keys, args }: UnitCall, guarded: GuardedMessage, isSend: boolean): void => {
    const { message, pending } = guarded
    args.push(pending === undefined ? '0' : '1')
    if (pending !== undefined) {
      if (isSend) args.push(pending.reset ? '1' : '0')
      addWrite(keys, args, { ...pending, state: 'PENDING' }, wire)
    }
    // What follows from a task is not refused: it would keep the worker from making room.
    addPost(keys, args, message, keysOf(message.queue), isSend && limit !== '0')
  }

  const refusalOf = (guarded: readonly GuardedMessage[]): MachineryError | undefined => {
    for (const { message } of guarded) {
      const error = refusal(message, delayedKey)
      if (error !== undefined) return error
    }
    return undefined
  }

  const sendCall = ({ groups, messages }: SendUnit): UnitCall => {
    const call: UnitCall = { keys: [], args: [String(groups.length)] }
    for (const group of groups) addGroup(call.keys, call.args, group)
    call.args.push(String(messages.length))
    for (const guarded of messages) addGuarded(call, guarded, true)
    return call
  }

  /** @param consumer number of the one that holds the delivery */
  const finishCall = (unit: FinishUnit, consumer: number): UnitCall => {
    const { deliveryId, commit, retry, groups, next, fail, finishes } = unit
    const kind = commit === undefined ? (retry === undefined ? '' : 'r') : 'c'
    const call: UnitCall = {
      keys: [],
      args: [String(consumer), fieldOf(deliveryId), kind],
    }
    const { keys, args } = call
    const own = <W extends CommitWrite | RetryWrite>(write: W): W =>
      write.token === deliveryId ? { ...write, token: '' } : write
    if (commit !== undefined) addCommit(keys, args, own(commit), wire)
    else if (retry !== undefined) addRetry(keys, args, own(retry), wire)
    if (groups.length + next.length + fail.length + finishes.length === 0) return call
    args.push(String(groups.length))
    for (const group of groups) addGroup(keys, args, group)
    args.push(String(next.length))
    for (const guarded of next) addGuarded(call, guarded, false)
    args.push(String(fail.length))
    for (const write of fail) addFail(keys, args, write, wire)
    // Whether a member is the last, only the states of those that Go ended can tell.
    const areCountedApart = interop === 'go' && finishes.length > 0
    args.push(areCountedApart ? 'apart' : String(finishes.length))
    if (!areCountedApart) for (const finish of finishes) addMember(keys, args, finish)
    return call
  }

  const sendPart = async (units: readonly SendUnit[]): Promise<readonly SendOutcome[]> => {
    const refusals = units.map(({ messages }) => refusalOf(messages))
    const accepted = units.filter((_, index) => refusals[index] === undefined)
    const learning = publisher.learn(
      accepted.flatMap(({ messages }) => messages.map(({ message }) => message.queue)),
    )
    let answers: readonly unknown[] = []
    let failed: PublishOutcome | undefined
    try {
      if (accepted.length > 0) {
        const sends = new SendCalls(wire, limit !== '0', sendCall)
        for (const unit of accepted) sends.add(unit)
        const head = { keys: [], args: [limit] }
        const send: SendWith = (onSent) => run('send', head, sends.calls, onSent)
        answers = sends.perUnit((await durably(connection, settings, send)) as readonly unknown[])
      }
    } catch (error) {
      failed = failedOutcome(error, connection.name)
    }
    await learning
    let at = 0
    return units.map(({ messages }, index) => {
      const error = refusals[index]
      const none = messages.map((): PendingOutcome => 'written')
      if (error !== undefined) return { publish: { outcome: 'refused', error }, states: none }
      if (failed !== undefined) return { publish: failed, states: none }
      const answer = answers[at++]
      const outcomes = typeof answer === 'number' ? [answer] : answer
      if (Array.isArray(outcomes)) {
        return {
          publish: STORED,
          states: outcomes.map((outcome: number) => PENDING_OUTCOMES[outcome] ?? 'exists'),
        }
      }
      return { publish: { outcome: 'refused', error: refusedError(answer, connection.name) }, states: none }
    })
  }

  const finishPart = async (units: readonly FinishUnit[]): Promise<readonly FinishUnitOutcome[]> => {
    const outcomes: FinishUnitOutcome[] = units.map(() => 'fenced')
    const holders = units.map(({ deliveryId }) => holderOf(deliveryId))
    const runs = new CommitRuns(wire)
    const calls: { readonly index: number; readonly call: UnitCall }[] = []
    const head: UnitCall = { keys: [], args: [] }
    const numbers = new Map<string, number>()
    const numberOf = (name: string, { queue }: RedisConsumer): number => {
      const known = numbers.get(name)
      if (known !== undefined) return known
      const { flying, counts } = keysOf(queue)
      head.keys.push(flying(name), counts)
      head.args.push(name)
      numbers.set(name, numbers.size + 1)
      return numbers.size
    }
    units.forEach((unit, index) => {
      const { deliveryId, next } = unit
      const holder = holders[index]
      if (holder === undefined) return
      if (refusalOf(next) !== undefined) outcomes[index] = 'failed'
      else {
        const consumer = numberOf(deliveryId.slice(0, deliveryId.indexOf(':')), holder)
        if (!runs.take(index, unit, consumer)) calls.push({ index, call: finishCall(unit, consumer) })
      }
    })
    const order = [...runs.indexes, ...calls.map(({ index }) => index)]
    if (order.length === 0) return outcomes
    const learning = publisher.learn(units.flatMap(({ next }) => next.map(({ message }) => message.queue)))
    head.args.unshift(String(numbers.size))
    runs.addTo(head.keys, head.args)
    const answers = await run(
      'finish',
      head,
      calls.map(({ call }) => call),
    )
    order.forEach((index, at) => {
      const answer = answers[at]
      outcomes[index] = typeof answer === 'number' ? (FINISH_OUTCOMES[answer] ?? 'failed') : 'failed'
      if (outcomes[index] === 'done') holders[index]?.letGo(units[index]?.deliveryId ?? '')
    })
    await learning
    return outcomes
  }

  return {
    async send(batch) {
      requireOpen()
      return (
        await Promise.all(inParts(batch, UNITS_PER_CALL, ({ messages }) => bytesOf(messages)).map(sendPart))
      ).flat()
    },
    async finish(batch) {
      requireOpen()
      return (
        await Promise.all(inParts(batch, UNITS_PER_CALL, ({ next }) => bytesOf(next)).map(finishPart))
      ).flat()
    },
  }
}

const bytesOf = (guarded: readonly GuardedMessage[]): number =>
  guarded.reduce((sum, { message }) => sum + message.body.byteLength, 0)

function refusedError(answer: unknown, name: string): MachineryError {
  const text = String(answer)
  const code = refusalCode(text) ?? 'ERR_STORE_FAILED'
  return new MachineryError(code, `${name} refused a message: ${text}`, { details: { maybeExecuted: false } })
}
