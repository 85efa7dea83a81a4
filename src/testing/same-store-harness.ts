import assert from 'node:assert/strict'
import type { Backend } from '../core/ports/backend.ts'
import type { Broker, Consumer, Delivery, Outgoing } from '../core/ports/broker.ts'
import type {
  FinishUnit,
  FinishUnitOutcome,
  GuardedMessage,
  SameStore,
  SendOutcome,
  SendUnit,
} from '../core/ports/same-store.ts'
import type { TaskStateName } from '../core/task-state.ts'
import { pendingWrite } from './backend-harness.ts'
import { at, outgoing, texts } from './broker-harness.ts'
import { type PassingTime, passingTime, type TimeSource } from './passing-time.ts'

/** A broker and a backend over one store. */
export interface SameStoreSession extends TimeSource {
  readonly broker: Broker
  readonly backend: Backend
  /** A backend of the same driver over another store. */
  readonly foreign: Backend
  readonly close: () => Promise<void>
}

/** How the suite gets at the stores of one driver. */
export interface SameStoreHarness {
  readonly name: string
  /** Called once per case. May give the same store each time: the cases use names of their own. */
  readonly open: () => Promise<SameStoreSession>
}

/** What a case of the suite works with. */
export interface SameStoreTest extends PassingTime {
  readonly broker: Broker
  readonly backend: Backend
  readonly session: SameStoreSession
  newName(label: string): string
  send(...units: readonly SendUnit[]): Promise<readonly SendOutcome[]>
  finish(...units: readonly FinishUnit[]): Promise<readonly FinishUnitOutcome[]>
  consume(queue: string, maxUnsettled?: number): Promise<Consumer>
  /** Publishes one message and claims it. */
  deliver(queue: string, consumer: Consumer): Promise<Delivery>
  /** All bodies that can be claimed now by a consumer made for it, which gives them back. */
  waiting(queue: string): Promise<readonly string[]>
  states(...uuids: readonly string[]): Promise<readonly (TaskStateName | undefined)[]>
  /** Whether `consumer` still holds the delivery; acknowledges it. */
  wasHeld(consumer: Consumer, delivery: Delivery): Promise<boolean>
}

/** A message with its state. */
export const guarded = (queue: string, uuid: string, changes: Partial<Outgoing> = {}): GuardedMessage => ({
  message: outgoing(queue, uuid, { uuid, ...changes }),
  pending: pendingWrite(uuid),
})

/** The end of `deliveryId` with nothing else. */
export const finishUnit = (deliveryId: string, changes: Partial<FinishUnit> = {}): FinishUnit => ({
  deliveryId,
  commit: undefined,
  retry: undefined,
  groups: [],
  next: [],
  fail: [],
  finishes: [],
  ...changes,
})

function sameStoreTest(session: SameStoreSession, fused: SameStore): SameStoreTest {
  const { broker, backend, clock } = session
  const time = passingTime(session, broker.chores)
  let names = 0
  const test: SameStoreTest = {
    ...time,
    broker,
    backend,
    session,
    newName: (label) => `${label}_conformance-${clock.random().toString(36).slice(2)}-${names++}`,
    send: (...units) => time.settled(fused.send(units), 'send'),
    finish: (...units) => time.settled(fused.finish(units), 'finish'),
    consume: (queue, maxUnsettled = 64) =>
      time.settled(broker.consume(queue, { maxUnsettled, onLost: () => {} }), 'consume'),
    async deliver(queue, consumer) {
      await time.settled(broker.publish([outgoing(queue, 'delivery')]), 'publish')
      return at(await time.settled(consumer.claim(1, new AbortController().signal), 'claim'), 0)
    },
    async waiting(queue) {
      const consumer = await test.consume(queue, 1_000)
      const bodies: string[] = []
      for (;;) {
        const abort = new AbortController()
        let ended = false
        const claimed = consumer.claim(1_000, abort.signal).catch((error: unknown) => {
          if (error === abort.signal.reason) return []
          throw error
        })
        const end = (): void => void (ended = true)
        claimed.then(end, end)
        const started = clock.monotonic()
        while (!ended && clock.monotonic() - started < 30) await time.tick()
        abort.abort(new Error('nothing more'))
        const deliveries = await time.settled(claimed, 'claim after its abort')
        if (deliveries.length === 0) break
        bodies.push(...texts(deliveries))
      }
      await time.settled(consumer.close(), 'close')
      return bodies
    },
    async states(...uuids) {
      const states = await time.settled(backend.tasks.get(uuids), 'get')
      return states.map((state) => state?.state)
    },
    async wasHeld(consumer, { id }) {
      const [outcome] = await time.settled(consumer.settle([{ id, kind: 'ack' }]), 'settle')
      return outcome === 'settled'
    },
  }
  return test
}

/** Wraps a case: opens a session, runs it, closes the session whatever happened. */
export function inSameStore(
  harness: SameStoreHarness,
  run: (test: SameStoreTest) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const session = await harness.open()
    try {
      const fused = session.broker.sameStore?.(session.backend)
      assert.ok(fused, 'broker.sameStore(backend) must be there for two parts of one store')
      await run(sameStoreTest(session, fused))
    } finally {
      await session.close()
    }
  }
}

/** Defines one case of the suite. */
export type SameStoreCase = (name: string, run: (test: SameStoreTest) => Promise<void>) => void
