import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { Broker, Consumer } from '../../../src/core/ports/broker.ts'
import type { Lock } from '../../../src/core/ports/lock.ts'
import type { SameStore } from '../../../src/core/ports/same-store.ts'
import { memoryBackend, memoryStore } from '../../../src/drivers/memory/index.ts'
import {
  backendConformance,
  brokerConformance,
  fakeClock,
  lockConformance,
  memoryFaults,
  sameStoreConformance,
} from '../../../src/testing/index.ts'
import { runSuite } from '../../support/run-suite.ts'

interface Defects {
  readonly broker?: (broker: Broker) => Partial<Broker>
  readonly consumer?: (consumer: Consumer) => Partial<Consumer>
  readonly backend?: (backend: Backend) => Partial<Backend>
  readonly lock?: (lock: Lock) => Partial<Lock>
  readonly sameStore?: (sameStore: SameStore) => Partial<SameStore>
}

/** A memory store of which some methods are replaced by wrong ones. */
function openWith(defects: Defects) {
  return async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const faults = memoryFaults(store)
    const real = new WeakMap<Consumer, Consumer>()
    const wrap = (consumer: Consumer): Consumer => {
      const bound: Consumer = {
        claim: (want, signal) => consumer.claim(want, signal),
        settle: (batch) => consumer.settle(batch),
        resize: (maxUnsettled) => consumer.resize(maxUnsettled),
        close: () => consumer.close(),
      }
      const wrapped = { ...bound, ...defects.consumer?.(bound) }
      real.set(wrapped, consumer)
      return wrapped
    }
    const backend: Backend = { ...store.backend, ...defects.backend?.(store.backend) }
    const broker: Broker = {
      ...store.broker,
      consume: async (queue, options) => wrap(await store.broker.consume(queue, options)),
      sameStore(other) {
        const fused = other === backend ? store.broker.sameStore?.(store.backend) : undefined
        return fused && { ...fused, ...defects.sameStore?.(fused) }
      },
      ...defects.broker?.(store.broker),
    }
    const realOf = (consumer: Consumer): Consumer => real.get(consumer) ?? consumer
    return {
      broker,
      backend,
      lock: { ...store.lock, ...defects.lock?.(store.lock) },
      foreign: memoryBackend({ clock }),
      clock,
      advance: (ms: number) => clock.advance(ms),
      crash: async (consumer: Consumer) => faults.crash(realOf(consumer)),
      expire: async (consumer: Consumer) => faults.loseLease(faults.held(realOf(consumer))),
      close: () => store.close(),
    }
  }
}

const run = (suite: 'broker' | 'backend' | 'lock' | 'sameStore', defects: Defects) =>
  runSuite((runner) => {
    const harness = { name: 'defective', open: openWith(defects) }
    if (suite === 'broker') brokerConformance(runner, harness)
    else if (suite === 'backend') backendConformance(runner, harness)
    else if (suite === 'lock') lockConformance(runner, harness)
    else sameStoreConformance(runner, harness)
  })

const consumerDefects: Readonly<Record<string, (consumer: Consumer) => Partial<Consumer>>> = {
  'settles what is lost': (real) => ({
    settle: async (batch) => (await real.settle(batch)).map(() => 'settled'),
  }),
  'does not acknowledge': (real) => ({
    settle: (batch) =>
      real.settle(
        batch.map((one) =>
          one.kind === 'ack' ? { ...one, kind: 'release', delayMs: 0, counted: false } : one,
        ),
      ),
  }),
  'loses released messages': (real) => ({
    settle: (batch) => real.settle(batch.map(({ id }) => ({ id, kind: 'ack' }))),
  }),
  'counts every release': (real) => ({
    settle: (batch) =>
      real.settle(batch.map((one) => (one.kind === 'release' ? { ...one, counted: true } : one))),
  }),
  'forgets the delay of a release': (real) => ({
    settle: (batch) =>
      real.settle(batch.map((one) => (one.kind === 'release' ? { ...one, delayMs: 0 } : one))),
  }),
  'gives more than is wanted': (real) => ({ claim: (want, signal) => real.claim(want + 1, signal) }),
  'ignores resize': () => ({ resize: async () => {} }),
  'rejects an abort with an error of its own': (real) => ({
    claim: (want, signal) =>
      real.claim(want, signal).catch(() => {
        throw new Error('aborted')
      }),
  }),
  'takes the message of an aborted claim': (real) => ({
    claim: (want, signal = new AbortController().signal) => {
      const later = real.claim(want, new AbortController().signal)
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        if (signal.aborted) reject(signal.reason as Error)
        later.then(resolve, reject)
      })
    },
  }),
  'reuses ids': (real) => ({
    claim: async (want, signal) =>
      (await real.claim(want, signal)).map((delivery) => ({ ...delivery, id: 'x' })),
    settle: (batch) => real.settle(batch),
  }),
  'changes a byte': (real) => ({
    claim: async (want, signal) =>
      (await real.claim(want, signal)).map((delivery) => ({
        ...delivery,
        body: delivery.body.map((byte) => byte & 127),
      })),
  }),
  'never counts': (real) => ({
    claim: async (want, signal) =>
      (await real.claim(want, signal)).map((one) => ({ ...one, deliveryCount: 0 })),
  }),
  'does not give back on close': () => ({ close: async () => {} }),
}

const brokerDefects: Readonly<Record<string, (broker: Broker) => Partial<Broker>>> = {
  'forgets delays': (broker) => ({
    publish: (batch) => broker.publish(batch.map((message) => ({ ...message, delayMs: 0 }))),
  }),
  'delivers early': (broker) => ({
    publish: (batch) =>
      broker.publish(batch.map((message) => ({ ...message, delayMs: message.delayMs * 0.9 }))),
  }),
  'ignores priorities': (broker) => ({
    publish: (batch) => broker.publish(batch.map((message) => ({ ...message, priority: 0 }))),
  }),
  'reverses the order': (broker) => ({ publish: (batch) => broker.publish(batch.toReversed()) }),
  'publishes twice': (broker) => ({
    publish: async (batch) => (await broker.publish(batch), broker.publish(batch)),
  }),
  'rejects for one message': (broker) => ({
    async publish(batch) {
      const outcomes = await broker.publish(batch)
      for (const { error } of outcomes) if (error !== undefined) throw error
      return outcomes
    },
  }),
  'mixes up odd names': (broker) => ({
    publish: (batch) =>
      broker.publish(batch.map((one) => ({ ...one, queue: one.queue.replace(/\W/g, '_') }))),
  }),
  'does not close': () => ({ close: async () => {} }),
  'claims capabilities it has not': (broker) => ({
    capabilities: { ...broker.capabilities, persistent: true, leaseExtension: true },
  }),
}

const backendDefects: Readonly<Record<string, (backend: Backend) => Partial<Backend>>> = {
  'lets anybody commit': ({ tasks }) => ({
    tasks: {
      ...tasks,
      async commit(batch) {
        const outcomes = await tasks.commit(batch)
        return outcomes.map((outcome) => (outcome.kind === 'fenced' ? { kind: 'committed' } : outcome))
      },
    },
  }),
  'starts every generation anew': ({ tasks }) => ({
    tasks: { ...tasks, pending: (batch) => tasks.pending(batch.map((write) => ({ ...write, reset: true }))) },
  }),
  'mixes up digests': ({ tasks }) => ({
    tasks: { ...tasks, retry: (batch) => tasks.retry(batch.map((write) => ({ ...write, digest: 'same' }))) },
  }),
  'ignores ifFirst': ({ tasks }) => ({
    tasks: { ...tasks, begin: (batch) => tasks.begin(batch.map((write) => ({ ...write, ifFirst: false }))) },
  }),
  'fails over everything': ({ tasks }) => ({
    tasks: {
      ...tasks,
      fail: (batch) =>
        tasks.fail(batch.map((write) => ({ ...write, over: ['PENDING', 'RECEIVED', 'STARTED', 'RETRY'] }))),
    },
  }),
  'never expires': ({ tasks }) => ({
    tasks: { ...tasks, commit: (batch) => tasks.commit(batch.map((one) => ({ ...one, expiresInMs: 1e12 }))) },
  }),
  'gives everybody the trigger': ({ groups }) => ({
    groups: {
      ...groups,
      finish: async (batch) => (await groups.finish(batch)).map((one) => (one === 'other' ? 'trigger' : one)),
    },
  }),
  'forgets that a group was triggered': ({ groups }) => ({
    groups: { ...groups, triggered: async () => {} },
  }),
  'tells nobody': () => ({ watch: async () => () => {} }),
  'does not stop telling': (backend) => ({
    watch: async (uuids, onChange) => {
      await backend.watch?.(uuids, onChange)
      return () => {}
    },
  }),
  'reopens whatever the text': ({ tasks }) => ({
    tasks: {
      ...tasks,
      reopen: (batch) => tasks.reopen(batch.map(({ uuid }) => ({ uuid, errorPrefix: '' }))),
    },
  }),
}

const sameStoreDefects: Readonly<Record<string, (sameStore: SameStore) => Partial<SameStore>>> = {
  'sends without guard': (fused) => ({
    send: (batch) =>
      fused.send(
        batch.map((unit) => ({
          ...unit,
          messages: unit.messages.map((one) => ({ ...one, pending: undefined })),
        })),
      ),
  }),
  'splits a send': (fused) => ({
    send: async (batch) => {
      const outcomes = []
      for (const { groups, messages } of batch) {
        for (const message of messages)
          outcomes.push(...(await fused.send([{ groups, messages: [message] }])))
      }
      return outcomes
    },
  }),
  'drops the hand-off': (fused) => ({
    finish: (batch) => fused.finish(batch.map((unit) => ({ ...unit, next: [] }))),
  }),
  'drops failures downstream': (fused) => ({
    finish: (batch) => fused.finish(batch.map((unit) => ({ ...unit, fail: [] }))),
  }),
  'does not commit': (fused) => ({
    finish: (batch) => fused.finish(batch.map((unit) => ({ ...unit, commit: undefined }))),
  }),
  'does not count': (fused) => ({
    finish: (batch) => fused.finish(batch.map((unit) => ({ ...unit, finishes: [] }))),
  }),
  'calls a fenced unit done': (fused) => ({
    finish: async (batch) => (await fused.finish(batch)).map((one) => (one === 'fenced' ? 'done' : one)),
  }),
}

describe('conformance suites', () => {
  for (const suite of ['broker', 'backend', 'lock', 'sameStore'] as const) {
    it(`${suite}: passes the reference implementation through the wrapper of this test`, async () => {
      const { passed, failed } = await run(suite, {})
      expect(failed).toEqual([])
      expect(passed.length).toBeGreaterThan(5)
    })
  }

  const defects = [
    ...Object.entries(consumerDefects).map(([name, consumer]) => ['broker', name, { consumer }] as const),
    ...Object.entries(brokerDefects).map(([name, broker]) => ['broker', name, { broker }] as const),
    ...Object.entries(backendDefects).map(([name, backend]) => ['backend', name, { backend }] as const),
    ...Object.entries(sameStoreDefects).map(
      ([name, sameStore]) => ['sameStore', name, { sameStore }] as const,
    ),
    ['lock', 'gives it to everybody', { lock: () => ({ lock: async () => true }) }] as const,
    [
      'lock',
      'never gives it again',
      { lock: (real: Lock) => ({ lock: (key: string) => real.lock(key, 1n << 62n) }) },
    ] as const,
  ] as const
  for (const [suite, name, defect] of defects) {
    it(`${suite}: notices one that ${name}`, async () => {
      expect((await run(suite, defect)).failed.length).toBeGreaterThan(0)
    })
  }
})
