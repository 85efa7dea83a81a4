import type { BeginWrite, CommitWrite, FinishOutcome, RetryWrite } from '../../src/core/ports/backend.ts'
import type { FinishUnit, GuardedMessage } from '../../src/core/ports/same-store.ts'
import type { Mutation, MutationContext } from './simulation.ts'
import type { StorePorts } from './simulated-ports.ts'

/** How long the lock of the mutant `triggerOwnedByWorker` is held. */
const TRIGGER_LOCK_MS = 10_000

type Tasks = StorePorts['backend']['tasks']

function withTasks({ broker, backend, sameStore }: StorePorts, changes: Partial<Tasks>): StorePorts {
  return { broker, backend: { ...backend, tasks: { ...backend.tasks, ...changes } }, sameStore }
}

/** Each takes one rule of W1 away; without it the simulation must fail. */
export const MUTANTS: Readonly<Record<string, Mutation>> = {
  /** R2: the acknowledgement goes out right after the commit. */
  'ack before hand-off': {
    place: 'above',
    mutate(stores, { process }) {
      const { tasks } = stores.backend
      return {
        ...withTasks(stores, {
          async commit(writes) {
            const outcomes = await tasks.commit(writes)
            const acks = writes.map(({ token }) => ({ id: token, kind: 'ack' }) as const)
            for (const consumer of process.consumers) await consumer.settle(acks).catch(() => [])
            return outcomes
          },
        }),
        sameStore: undefined,
      }
    },
  },

  /** R6: the store takes the commit of any run, whoever began last. */
  'no fencing by token': {
    place: 'below',
    mutate(stores, { shared }) {
      const { tasks } = stores.backend
      const { sameStore } = stores
      const asOwner = <W extends CommitWrite | RetryWrite | undefined>(write: W): W =>
        write === undefined
          ? write
          : { ...write, token: (shared.get(write.uuid) as string | undefined) ?? write.token }
      return {
        ...withTasks(stores, {
          async begin(writes: readonly BeginWrite[]) {
            const outcomes = await tasks.begin(writes)
            writes.forEach(({ uuid, token }, index) => {
              if (outcomes[index]?.kind === 'run') shared.set(uuid, token)
            })
            return outcomes
          },
          commit: (writes) => tasks.commit(writes.map(asOwner)),
          retry: (writes) => tasks.retry(writes.map(asOwner)),
        }),
        sameStore: sameStore && {
          send: (units) => sameStore.send(units),
          finish: (units) =>
            sameStore.finish(
              units.map((unit) => ({ ...unit, commit: asOwner(unit.commit), retry: asOwner(unit.retry) })),
            ),
        },
      }
    },
  },

  /** R4: a hand-off publishes again whatever became of the task before. */
  'no guard on downstream state': {
    place: 'above',
    mutate(stores) {
      const { tasks } = stores.backend
      const { sameStore } = stores
      const again = (next: readonly GuardedMessage[]): readonly GuardedMessage[] =>
        next.map(({ message, pending }) => ({ message, pending: pending && { ...pending, reset: true } }))
      return {
        ...withTasks(stores, {
          pending: (writes) => tasks.pending(writes.map((write) => ({ ...write, reset: true }))),
        }),
        sameStore: sameStore && {
          send: (units) => sameStore.send(units),
          finish: (units) =>
            sameStore.finish(units.map((unit): FinishUnit => ({ ...unit, next: again(unit.next) }))),
        },
      }
    },
  },

  /** 4.4: the worker that counts last locks the trigger, for a time, instead of the member that it belongs to. */
  'chord trigger owned by the worker': {
    place: 'above',
    mutate(stores, context) {
      const { broker, backend } = stores
      return {
        broker,
        backend: {
          ...backend,
          groups: {
            ...backend.groups,
            async finish(members) {
              const outcomes = await backend.groups.finish(members)
              return members.map(({ groupUuid }, index) => lockTrigger(groupUuid, outcomes[index], context))
            },
          },
        },
        sameStore: undefined,
      }
    },
  },

  /** R5: that a retry was decided is stored, but not with which bytes. */
  'retry bytes not recorded first': {
    place: 'above',
    mutate(stores, { shared }) {
      const { tasks } = stores.backend
      const { sameStore } = stores
      const unrecorded = <W extends RetryWrite | undefined>(write: W): W => {
        const count = ((shared.get('retries') as number | undefined) ?? 0) + 1
        shared.set('retries', count)
        return write === undefined ? write : { ...write, digest: `nobody asks for ${count}` }
      }
      return {
        ...withTasks(stores, { retry: (writes) => tasks.retry(writes.map(unrecorded)) }),
        sameStore: sameStore && {
          send: (units) => sameStore.send(units),
          finish: (units) =>
            sameStore.finish(units.map((unit) => ({ ...unit, retry: unrecorded(unit.retry) }))),
        },
      }
    },
  },
}

function lockTrigger(
  groupUuid: string,
  outcome: FinishOutcome | undefined,
  { shared, clockMs }: MutationContext,
): FinishOutcome {
  if (outcome === undefined || outcome === 'wait' || outcome === 'done') return outcome ?? 'wait'
  const lockedUntil = shared.get(groupUuid) as number | undefined
  if (lockedUntil !== undefined && lockedUntil > clockMs()) return 'other'
  shared.set(groupUuid, clockMs() + TRIGGER_LOCK_MS)
  return 'trigger'
}
