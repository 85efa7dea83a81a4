import type { PendingOutcome } from '../../core/ports/backend.ts'
import type { PublishOutcome } from '../../core/ports/broker.ts'
import type {
  FinishUnit,
  FinishUnitOutcome,
  GuardedMessage,
  SameStore,
  SendOutcome,
  SendUnit,
} from '../../core/ports/same-store.ts'
import { MachineryError } from '../../core/errors.ts'
import type { MemoryMessages } from './memory-messages.ts'
import type { MemoryResults } from './memory-results.ts'

/** What `openMemorySameStore` needs to know of its broker. */
export interface MemorySameStoreParts {
  readonly messages: MemoryMessages
  readonly results: MemoryResults
  /** Whether a delivery is in the hands of a consumer of this broker. */
  readonly isOurs: (deliveryId: string) => boolean
  readonly isClosed: () => boolean
}

/** For a send: a PENDING that stands already has its message. */
const isNew = (outcome: PendingOutcome): boolean => outcome === 'written'
/** For a hand-off (R4): whoever wrote the PENDING may have died before it published. */
const mayRun = (outcome: PendingOutcome): boolean => outcome !== 'exists'

/** Checks first, then writes: since nothing else runs between, each unit happens whole or not at all. */
export function openMemorySameStore({
  messages,
  results,
  isOurs,
  isClosed,
}: MemorySameStoreParts): SameStore {
  const { tasks, groups } = results

  /** Why these messages, as far as their states let them be published, cannot all be taken. */
  const refusal = (
    guarded: readonly GuardedMessage[],
    publishes: (outcome: PendingOutcome) => boolean,
  ): MachineryError | undefined => {
    const perQueue = new Map<string, number>()
    for (const { message, pending } of guarded) {
      if (pending !== undefined && !publishes(tasks.wouldBePending(pending))) continue
      const before = perQueue.get(message.queue) ?? 0
      const error = messages.refusal(message, before)
      if (error !== undefined) return error
      perQueue.set(message.queue, before + 1)
    }
    return undefined
  }

  const store = (guarded: readonly GuardedMessage[], publishes: (outcome: PendingOutcome) => boolean) =>
    guarded.map(({ message, pending }) => {
      const outcome = pending === undefined ? 'written' : tasks.pending(pending)
      if (publishes(outcome)) messages.accept(message)
      return outcome
    })

  const wake = (guarded: readonly GuardedMessage[]): void => {
    for (const { message } of guarded) messages.queues.get(message.queue)?.wake()
  }

  const sendOne = (unit: SendUnit): SendOutcome => {
    const error = refusal(unit.messages, isNew)
    if (error !== undefined) {
      const publish: PublishOutcome = { outcome: 'refused', error }
      const states = unit.messages.map(({ pending }) =>
        pending === undefined ? 'written' : tasks.wouldBePending(pending),
      )
      return { publish, states }
    }
    for (const group of unit.groups) groups.init(group)
    const states = store(unit.messages, isNew)
    wake(unit.messages)
    return { publish: { outcome: 'stored' }, states }
  }

  const isFenced = ({ deliveryId, commit, retry }: FinishUnit): boolean =>
    !isOurs(deliveryId) ||
    (commit !== undefined && tasks.commitObstacle(commit.uuid, commit.token) !== undefined) ||
    (retry !== undefined && tasks.retryObstacle(retry) !== undefined)

  const finishOne = (unit: FinishUnit): FinishUnitOutcome => {
    if (isFenced(unit)) return 'fenced'
    if (refusal(unit.next, mayRun) !== undefined) return 'failed'
    if (unit.commit !== undefined) tasks.commit(unit.commit)
    if (unit.retry !== undefined) tasks.retry(unit.retry)
    for (const group of unit.groups) groups.init(group)
    store(unit.next, mayRun)
    for (const write of unit.fail) tasks.fail(write)
    const counted = unit.finishes.map((member) => groups.finish(member))
    const entry = counted.includes('trigger') ? undefined : messages.letGo(unit.deliveryId)
    wake(unit.next)
    entry?.queue.wake()
    return entry === undefined ? 'trigger' : 'done'
  }

  const each = async <I, O>(batch: readonly I[], one: (item: I) => O): Promise<readonly O[]> => {
    if (isClosed()) throw new MachineryError('ERR_CLOSED', 'the memory broker is closed')
    return batch.map((item) => one(item))
  }

  return {
    send: (batch) => each(batch, sendOne),
    finish: (batch) => each(batch, finishOne),
  }
}
