import assert from 'node:assert/strict'
import type {
  Broker,
  ConsumeOptions,
  Consumer,
  Delivery,
  Outgoing,
  Settlement,
} from '../core/ports/broker.ts'
import { type PassingTime, type TimeSource, passingTime } from './passing-time.ts'

/** One broker under test, and the means to do to it what the world does. */
export interface BrokerSession extends TimeSource {
  readonly broker: Broker
  /**
   * Makes what `consumer` holds return as after the death of its process, now or while the clock and the chores run.
   * The consumer is not used for claims afterwards.
   */
  readonly crash: (consumer: Consumer) => Promise<void>
  /**
   * Makes the leases of what `consumer` holds run out while it lives on, as after a long pause. Left out only where a
   * lease cannot be lost (`leaseExtension: false`).
   */
  readonly expire?: (consumer: Consumer) => Promise<void>
  /** Closes the broker and opens the same store again. Left out only where messages do not survive that (`persistent: false`). */
  readonly reopen?: () => Promise<Broker>
  readonly close: () => Promise<void>
}

/** How a suite gets at the brokers of one driver. */
export interface BrokerHarness {
  readonly name: string
  /** Called once per case. May give the same store each time: the cases use queue names of their own. */
  readonly open: () => Promise<BrokerSession>
  /** How much later than due a delayed message may arrive. @default 200 */
  readonly delayToleranceMs?: number
}

/** What a case of the broker suite works with. */
export interface BrokerTest extends PassingTime {
  readonly broker: Broker
  readonly session: BrokerSession
  readonly delayToleranceMs: number
  /** A queue name that no other case uses. */
  newQueue(suffix?: string): string
  /** Publishes texts; fails unless all are stored. */
  publish(queue: string, bodies: readonly string[], changes?: Partial<Outgoing>): Promise<void>
  consume(queue: string, options?: Partial<ConsumeOptions>): Promise<Consumer>
  /** Claims until `count` deliveries are there. */
  claim(consumer: Consumer, count: number, limitMs?: number): Promise<readonly Delivery[]>
  /** What one claim of `want` gets within `ms`: nothing, if nothing comes. */
  claimWithin(consumer: Consumer, want: number, ms: number): Promise<readonly Delivery[]>
  /** Fails if a message arrives within 40 ms. */
  expectNothing(consumer: Consumer): Promise<void>
  /** Settles; fails unless all were ours. */
  settle(consumer: Consumer, ...batch: readonly Settlement[]): Promise<void>
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The bodies of deliveries as text. */
export const texts = (deliveries: readonly { readonly body: Uint8Array }[]): readonly string[] =>
  deliveries.map(({ body }) => new TextDecoder('utf-8', { fatal: true }).decode(body))

export const ack = ({ id }: Delivery): Settlement => ({ id, kind: 'ack' })

export const release = ({ id }: Delivery, delayMs: number = 0, counted: boolean = false): Settlement => ({
  id,
  kind: 'release',
  delayMs,
  counted,
})

export const deadLetter = ({ id }: Delivery, reason: string): Settlement => ({
  id,
  kind: 'deadLetter',
  reason,
})

export const outgoing = (
  queue: string,
  body: string | Uint8Array,
  changes: Partial<Outgoing> = {},
): Outgoing => ({
  queue,
  body: typeof body === 'string' ? bytes(body) : body,
  delayMs: 0,
  priority: 0,
  uuid: 'task_conformance',
  orderingKey: '',
  ...changes,
})

/** A claim that goes on while other things are done: if the case fails before it ends, nobody minds how it ends. */
export function startClaim(consumer: Consumer, want: number): Promise<readonly Delivery[]> {
  const claimed = consumer.claim(want, new AbortController().signal)
  claimed.catch(() => {})
  return claimed
}

/** The element at `index`; fails when it is not there. */
export function at<T>(list: readonly T[], index: number): T {
  assert.ok(index < list.length, `expected more than ${index} elements, got ${list.length}`)
  return list[index] as T
}

function brokerTest(harness: BrokerHarness, session: BrokerSession): BrokerTest {
  const { broker, clock } = session
  const time = passingTime(session, broker.chores)
  let queueNumber = 0

  const test: BrokerTest = {
    ...time,
    broker,
    session,
    delayToleranceMs: harness.delayToleranceMs ?? 200,
    newQueue: (suffix = '') =>
      `conformance-${clock.random().toString(36).slice(2)}-${queueNumber++}${suffix}`,
    async publish(queue, bodies, changes) {
      const outcomes = await time.settled(
        broker.publish(bodies.map((body) => outgoing(queue, body, changes))),
        'publish',
      )
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        bodies.map(() => 'stored'),
      )
    },
    consume: (queue, options = {}) =>
      time.settled(broker.consume(queue, { maxUnsettled: 64, onLost: () => {}, ...options }), 'consume'),
    async claim(consumer, count, limitMs) {
      const all: Delivery[] = []
      const { signal } = new AbortController()
      while (all.length < count) {
        const what = `claim of ${count} (${all.length} so far)`
        const some = await time.settled(consumer.claim(count - all.length, signal), what, limitMs)
        assert.ok(
          some.length >= 1 && some.length <= count - all.length,
          `a claim gave ${some.length} deliveries`,
        )
        all.push(...some)
      }
      return all
    },
    async claimWithin(consumer, want, ms) {
      const abort = new AbortController()
      let ended = false
      const claimed = consumer.claim(want, abort.signal).then(
        (deliveries) => ((ended = true), deliveries),
        (error: unknown) => {
          ended = true
          if (error === abort.signal.reason) return []
          throw error
        },
      )
      const started = clock.monotonic()
      while (!ended && clock.monotonic() - started < ms) await time.tick()
      abort.abort(new Error('nothing came'))
      return time.settled(claimed, 'claim after its abort')
    },
    async expectNothing(consumer) {
      assert.deepEqual(texts(await test.claimWithin(consumer, 1, 40)), [])
    },
    async settle(consumer, ...batch) {
      const outcomes = await time.settled(consumer.settle(batch), 'settle')
      assert.deepEqual(
        outcomes,
        batch.map(() => 'settled'),
      )
    },
  }
  return test
}

/** Wraps a case: opens a session, runs it, closes the session whatever happened. */
export function inSession(
  harness: BrokerHarness,
  run: (test: BrokerTest) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const session = await harness.open()
    try {
      await run(brokerTest(harness, session))
    } finally {
      await session.close()
    }
  }
}

/** Defines one case of the broker suite. */
export type BrokerCase = (name: string, run: (test: BrokerTest) => Promise<void>) => void
