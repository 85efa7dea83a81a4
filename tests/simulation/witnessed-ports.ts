import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker } from '../../src/core/ports/broker.ts'
import type { FinishUnit, GuardedMessage, SameStore } from '../../src/core/ports/same-store.ts'
import type { StorePorts } from './simulated-ports.ts'
import type { Witness } from './witness.ts'

/** The same stores, with a witness of every write. */
export function witnessedPorts({ broker, backend, sameStore }: StorePorts, witness: Witness): StorePorts {
  return {
    broker: witnessedBroker(broker, witness),
    backend: witnessedBackend(backend, witness),
    sameStore: sameStore && witnessedSameStore(sameStore, witness),
  }
}

function witnessedBroker(broker: Broker, witness: Witness): Broker {
  return {
    capabilities: broker.capabilities,
    chores: broker.chores,
    async publish(messages) {
      for (const message of messages) witness.publishing(message)
      return broker.publish(messages)
    },
    consume: (queue, options) => broker.consume(queue, options),
    close: () => broker.close(),
  }
}

function witnessedBackend(backend: Backend, witness: Witness): Backend {
  const { tasks, groups } = backend
  return {
    capabilities: backend.capabilities,
    tasks: {
      ...tasks,
      async pending(writes) {
        const outcomes = await tasks.pending(writes)
        await witness.look(writes.map((write) => write.uuid))
        return outcomes
      },
      async begin(writes) {
        const outcomes = await tasks.begin(writes)
        writes.forEach((write, index) => witness.began(write, outcomes[index]))
        await witness.look(writes.map((write) => write.uuid))
        return outcomes
      },
      async commit(writes) {
        const outcomes = await tasks.commit(writes)
        writes.forEach(({ uuid, token }, index) => {
          if (outcomes[index]?.kind !== 'committed') return
          witness.accepted('commit', uuid, token)
          witness.committed(uuid)
        })
        await witness.look(writes.map((write) => write.uuid))
        return outcomes
      },
      async retry(writes) {
        const outcomes = await tasks.retry(writes)
        writes.forEach(({ uuid, token }, index) => {
          if (outcomes[index]?.kind === 'recorded') witness.accepted('retry', uuid, token)
        })
        await witness.look(writes.map((write) => write.uuid))
        return outcomes
      },
      async fail(writes) {
        const outcomes = await tasks.fail(writes)
        writes.forEach(({ uuid }, index) => {
          if (outcomes[index] === 'written') witness.committed(uuid)
        })
        await witness.look(writes.map((write) => write.uuid))
        return outcomes
      },
    },
    groups,
    close: () => backend.close(),
  }
}

function witnessedSameStore(sameStore: SameStore, witness: Witness): SameStore {
  const mayPublish = (messages: readonly GuardedMessage[]): void => {
    for (const { message } of messages) witness.publishing(message)
  }
  const touched = ({ commit, retry, next, fail }: FinishUnit): readonly string[] => [
    ...(commit === undefined ? [] : [commit.uuid]),
    ...(retry === undefined ? [] : [retry.uuid]),
    ...next.map(({ message }) => message.uuid),
    ...fail.map((write) => write.uuid),
  ]
  return {
    async send(units) {
      const outcomes = await sameStore.send(units)
      units.forEach((unit, index) => {
        if (outcomes[index]?.publish.outcome === 'stored') mayPublish(unit.messages)
      })
      await witness.look(units.flatMap((unit) => unit.messages.map(({ message }) => message.uuid)))
      return outcomes
    },
    async finish(units) {
      const outcomes = await sameStore.finish(units)
      units.forEach(({ commit, retry, next }, index) => {
        const outcome = outcomes[index]
        if (outcome !== 'done' && outcome !== 'trigger') return
        if (commit !== undefined) {
          witness.accepted('commit', commit.uuid, commit.token)
          witness.committed(commit.uuid)
        }
        if (retry !== undefined) witness.accepted('retry', retry.uuid, retry.token)
        mayPublish(next)
      })
      await witness.look(units.flatMap(touched))
      return outcomes
    },
  }
}
