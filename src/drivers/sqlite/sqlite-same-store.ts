import type { MachineryError } from '../../core/errors.ts'
import type { PendingOutcome } from '../../core/ports/backend.ts'
import type { Outgoing } from '../../core/ports/broker.ts'
import type {
  FinishUnit,
  FinishUnitOutcome,
  GuardedMessage,
  SameStore,
  SendOutcome,
  SendUnit,
} from '../../core/ports/same-store.ts'
import { WriteFailure } from './sqlite-connection.ts'
import type { SqliteDeliveries } from './sqlite-deliveries.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import { notStored, refusal, STORED } from './sqlite-publish.ts'
import { commitObstacle } from './sqlite-task-states.ts'

/** What is fused with the states: the messages of one broker. */
export interface SameStorePlace {
  readonly engine: SqliteEngine
  readonly deliveries: SqliteDeliveries
  readonly wakeFor: (messages: readonly Outgoing[]) => void
  /** @throws `ERR_CLOSED` */
  readonly requireOpen: () => void
}

type Publishes = (outcome: PendingOutcome) => boolean

const isNew: Publishes = (outcome) => outcome === 'written'
/** For a hand-off (R4): whoever wrote the PENDING may have died before it published. */
const mayRun: Publishes = (outcome) => outcome !== 'exists'

/** A batch is one transaction. Each unit checks everything before it writes anything, so it happens whole or not at all. */
export function openSqliteSameStore({ engine, deliveries, wakeFor, requireOpen }: SameStorePlace): SameStore {
  const { connection, messages, tasks, groups, watchers } = engine

  const store = (guarded: readonly GuardedMessage[], publishes: Publishes): SendOutcome['states'] =>
    guarded.map(({ message, pending }) => {
      const outcome = pending === undefined ? 'written' : tasks.pending(pending)
      if (publishes(outcome)) messages.insert(message)
      return outcome
    })

  const wouldStore = (guarded: readonly GuardedMessage[]): SendOutcome['states'] =>
    guarded.map(({ pending }) => (pending === undefined ? 'written' : tasks.wouldBePending(pending)))

  /** Why these messages cannot all be stored; those that are not published anyway do not matter. */
  const refusalOf = (
    guarded: readonly GuardedMessage[],
    publishes: Publishes,
  ): MachineryError | undefined => {
    for (const { message, pending } of guarded) {
      const error = refusal(message)
      if (error === undefined) continue
      if (pending === undefined || publishes(tasks.wouldBePending(pending))) return error
    }
    return undefined
  }

  const sendOne = ({ groups: inits, messages: guarded }: SendUnit): SendOutcome => {
    const error = refusalOf(guarded, isNew)
    if (error !== undefined) return { publish: { outcome: 'refused', error }, states: wouldStore(guarded) }
    for (const group of inits) groups.init(group)
    return { publish: STORED, states: store(guarded, isNew) }
  }

  const finishOne = (unit: FinishUnit): FinishUnitOutcome => {
    const { commit, retry } = unit
    const held = deliveries.get(unit.deliveryId)
    if (held === undefined) return 'fenced'
    const stored =
      commit === undefined && retry === undefined ? undefined : tasks.find((commit ?? retry)?.uuid ?? '')
    if (commit !== undefined && commitObstacle(stored, commit.token) !== undefined) return 'fenced'
    if (retry !== undefined && tasks.retryObstacle(retry, stored) !== undefined) return 'fenced'
    if (refusalOf(unit.next, mayRun) !== undefined) return messages.isHeld(held) ? 'failed' : 'fenced'
    // The last check. Where it is known that the delivery will be acknowledged, that is the check: it may find nothing.
    const isAcked = unit.finishes.length === 0
    if (isAcked ? !messages.remove(held) : !messages.isHeld(held)) return 'fenced'
    if (commit !== undefined) tasks.writeCommit(commit, stored)
    if (retry !== undefined) tasks.writeRetry(retry, stored)
    for (const group of unit.groups) groups.init(group)
    store(unit.next, mayRun)
    for (const write of unit.fail) tasks.fail(write)
    const counted = unit.finishes.map((member) => groups.finish(member))
    if (counted.includes('trigger')) return 'trigger'
    if (!isAcked) messages.remove(held)
    return 'done'
  }

  const tell = (guarded: readonly GuardedMessage[]): void => {
    wakeFor(guarded.map(({ message }) => message))
    watchers.tell(guarded.flatMap(({ pending }) => pending?.uuid ?? []))
  }

  const finished = (batch: readonly FinishUnit[], outcomes: readonly FinishUnitOutcome[]): void => {
    for (const [index, { deliveryId, commit, retry, next, fail }] of batch.entries()) {
      const outcome = outcomes[index]
      if (outcome === 'done') deliveries.remove(deliveryId)
      if (outcome !== 'done' && outcome !== 'trigger') continue
      if (next.length > 0) tell(next)
      const uuid = (commit ?? retry)?.uuid
      if (uuid !== undefined) watchers.tell([uuid])
      if (fail.length > 0) watchers.tell(fail.map((write) => write.uuid))
    }
  }

  return {
    async send(batch) {
      requireOpen()
      const outcomes = await connection.attempt(
        () => batch.map(sendOne),
        () => tell(batch.flatMap((unit) => unit.messages)),
      )
      if (!(outcomes instanceof WriteFailure)) return outcomes
      const publish = notStored(outcomes)
      return batch.map((unit) => ({ publish, states: unit.messages.map(() => 'written') }))
    },
    async finish(batch) {
      requireOpen()
      const outcomes = await connection.attempt(
        () => batch.map(finishOne),
        (answers) => finished(batch, answers),
      )
      return outcomes instanceof WriteFailure ? batch.map(() => 'failed') : outcomes
    },
  }
}
