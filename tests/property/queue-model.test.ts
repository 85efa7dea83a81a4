import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Broker, Consumer, Delivery } from '../../src/core/ports/broker.ts'
import { memoryStore } from '../../src/drivers/memory/index.ts'
import { outgoing, texts } from '../../src/testing/broker-harness.ts'
import { fakeClock, memoryFaults } from '../../src/testing/index.ts'

/** A broker whose behaviour is compared with the model. Add a row for every driver that is deterministic on a fake clock. */
interface QueueUnderTest {
  readonly broker: Broker
  readonly now: () => number
  advance(ms: number): Promise<void>
  crash(consumer: Consumer): Promise<void>
  close(): Promise<void>
}

const BROKERS: Readonly<Record<string, () => QueueUnderTest>> = {
  memory: () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const faults = memoryFaults(store)
    return {
      broker: store.broker,
      now: () => clock.monotonic(),
      advance: (ms) => clock.advance(ms),
      crash: async (consumer) => faults.crash(consumer),
      close: () => store.close(),
    }
  },
}

const QUEUES = ['q0', 'q1'] as const
const MAX_UNSETTLED = 3

interface ModelMessage {
  readonly name: string
  readonly queue: string
  readonly priority: number
  /** Orders messages of one priority; a message that comes back keeps it. */
  place: number
  count: number
  dueAt: number
  where: 'waiting' | 'held' | 'dead' | 'gone'
}

/** What a queue must do, in the plainest words. */
class QueueModel {
  readonly messages: ModelMessage[] = []
  places = 0

  add(queue: string, priority: number, dueAt: number): string {
    const name = `m${this.messages.length}`
    this.messages.push({ name, queue, priority, place: this.places++, count: 0, dueAt, where: 'waiting' })
    return name
  }

  /** A message that was held back joins the line when it becomes due. */
  promote(from: number, to: number): void {
    const due = this.messages.filter(({ where, dueAt }) => where === 'waiting' && dueAt > from && dueAt <= to)
    for (const message of due.toSorted((a, b) => a.dueAt - b.dueAt || a.place - b.place))
      message.place = this.places++
  }

  ready(queue: string, now: number): readonly ModelMessage[] {
    return this.messages
      .filter((message) => message.queue === queue && message.where === 'waiting' && message.dueAt <= now)
      .toSorted((a, b) => b.priority - a.priority || a.place - b.place)
  }

  delayed(queue: string, now: number): readonly ModelMessage[] {
    return this.messages.filter((one) => one.queue === queue && one.where === 'waiting' && one.dueAt > now)
  }
}

interface Held {
  readonly delivery: Delivery
  readonly message: ModelMessage
}

/** A consumer of the broker, next to what the model says that it holds. */
interface Hand {
  readonly queue: string
  readonly consumer: Consumer
  held: Held[]
}

class World {
  readonly model = new QueueModel()
  readonly hands: Hand[] = []
  readonly settledIds: string[] = []
  readonly ids = new Set<string>()
  readonly test: QueueUnderTest

  constructor(test: QueueUnderTest) {
    this.test = test
  }

  hand(index: number): Hand | undefined {
    return this.hands.length === 0 ? undefined : this.hands[index % this.hands.length]
  }

  async open(queue: string): Promise<void> {
    const options = { maxUnsettled: MAX_UNSETTLED, onLost: () => {} }
    this.hands.push({ queue, consumer: await this.test.broker.consume(queue, options), held: [] })
  }

  drop(hand: Hand, counted: boolean): void {
    this.hands.splice(this.hands.indexOf(hand), 1)
    for (const { message } of hand.held) {
      message.where = 'waiting'
      if (counted) message.count++
    }
  }
}

type Step = (world: World) => Promise<void>

async function claim(world: World, index: number, want: number): Promise<void> {
  const hand = world.hand(index)
  if (hand === undefined) return
  const { model, test } = world
  const room = Math.min(want, MAX_UNSETTLED - hand.held.length)
  const expected = model.ready(hand.queue, test.now()).slice(0, Math.max(0, room))
  const abort = new AbortController()
  const claimed = hand.consumer.claim(want, abort.signal).catch((error: unknown) => {
    expect(error).toBe(abort.signal.reason)
    return []
  })
  if (expected.length === 0) abort.abort(new Error('the model has nothing'))
  const deliveries = await claimed
  expect(texts(deliveries)).toEqual(expected.map(({ name }) => name))
  expect(deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual(expected.map(({ count }) => count))
  for (const [at, message] of expected.entries()) {
    const delivery = deliveries[at] as Delivery
    expect(world.ids.has(delivery.id)).toBe(false)
    world.ids.add(delivery.id)
    message.where = 'held'
    hand.held.push({ delivery, message })
  }
}

type Kind = 'ack' | 'release' | 'counted' | 'later' | 'dead'

async function settle(world: World, index: number, pick: number, kind: Kind, delayMs: number): Promise<void> {
  const hand = world.hand(index)
  const held = hand?.held[pick % Math.max(1, hand.held.length)]
  if (hand === undefined || held === undefined) return
  const { message, delivery } = held
  const { id } = delivery
  const outcomes = await hand.consumer.settle([
    kind === 'ack'
      ? { id, kind }
      : kind === 'dead'
        ? { id, kind: 'deadLetter', reason: `reason of ${message.name}` }
        : { id, kind: 'release', delayMs: kind === 'later' ? delayMs : 0, counted: kind !== 'release' },
    ...world.settledIds.slice(-1).map((old) => ({ id: old, kind: 'ack' as const })),
  ])
  expect(outcomes).toEqual(['settled', ...world.settledIds.slice(-1).map(() => 'lost')])
  world.settledIds.push(id)
  hand.held = hand.held.filter((other) => other !== held)
  message.where = kind === 'ack' ? 'gone' : kind === 'dead' ? 'dead' : 'waiting'
  if (kind === 'counted' || kind === 'later') message.count++
  if (kind === 'later') message.dueAt = world.test.now() + delayMs
  // Messages that become due at one moment keep the order in which they were held back.
  if (kind === 'later') message.place = world.model.places++
}

async function check(world: World): Promise<void> {
  const { model, test } = world
  const { inspector } = test.broker
  for (const queue of QUEUES) {
    const { oldestPendingAt: _, ...stats } = (await inspector?.stats(queue)) ?? {}
    const count = (where: ModelMessage['where']): number =>
      model.messages.filter((message) => message.queue === queue && message.where === where).length
    const ready = model.ready(queue, test.now())
    const delayed = model.delayed(queue, test.now())
    expect(stats).toEqual({
      queue,
      pending: ready.length,
      delayed: delayed.length,
      inFlight: count('held'),
      dead: count('dead'),
    })
    const bodies = (await inspector?.pending(queue, { offset: 0, limit: 1_000 })) ?? []
    expect(texts(bodies.map((body) => ({ body })))).toEqual(ready.map(({ name }) => name))
  }
}

const natural = fc.nat({ max: 5 })
const queueName = fc.constantFrom(...QUEUES)
const delay = fc.constantFrom(1, 5, 10, 50)

const step: fc.Arbitrary<readonly [label: string, run: Step]> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(queueName, fc.nat({ max: 2 }), fc.oneof(fc.constant(0), delay), fc.integer({ min: 1, max: 4 }))
      .map(
        ([queue, priority, delayMs, many]) =>
          [
            `publish ${many} to ${queue}, priority ${priority}, delay ${delayMs}`,
            async ({ model, test }: World) => {
              const names = Array.from({ length: many }, () =>
                model.add(queue, priority, delayMs === 0 ? 0 : test.now() + delayMs),
              )
              const outcomes = await test.broker.publish(
                names.map((name) => outgoing(queue, name, { priority, delayMs })),
              )
              expect(outcomes.map(({ outcome }) => outcome)).toEqual(names.map(() => 'stored'))
            },
          ] as const,
      ),
  },
  {
    weight: 2,
    arbitrary: queueName.map(
      (queue) => [`open a consumer of ${queue}`, (world: World) => world.open(queue)] as const,
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(natural, fc.integer({ min: 1, max: 5 }))
      .map(
        ([index, want]) =>
          [`claim ${want} by ${index}`, (world: World) => claim(world, index, want)] as const,
      ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(natural, natural, fc.constantFrom<Kind>('ack', 'release', 'counted', 'later', 'dead'), delay)
      .map(
        ([index, pick, kind, delayMs]) =>
          [
            `${kind} ${pick} of ${index} (${delayMs} ms)`,
            (world: World) => settle(world, index, pick, kind, delayMs),
          ] as const,
      ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 7, 60).map(
      (ms) =>
        [
          `advance ${ms} ms`,
          async ({ model, test }: World) => {
            const from = test.now()
            await test.advance(ms)
            model.promote(from, test.now())
          },
        ] as const,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(natural, fc.boolean()).map(
      ([index, dies]) =>
        [
          `${dies ? 'crash' : 'close'} ${index}`,
          async (world: World) => {
            const hand = world.hand(index)
            if (hand === undefined) return
            await (dies ? world.test.crash(hand.consumer) : hand.consumer.close())
            world.drop(hand, dies)
          },
        ] as const,
    ),
  },
  {
    weight: 1,
    arbitrary: queueName.map(
      (queue) =>
        [
          `redrive all of ${queue}`,
          async ({ model, test }: World) => {
            const dead = (await test.broker.inspector?.dead(queue, { offset: 0, limit: 1_000 })) ?? []
            const expected = model.messages.filter(
              (message) => message.queue === queue && message.where === 'dead',
            )
            expect(texts(dead).toSorted()).toEqual(expected.map(({ name }) => name).toSorted())
            for (const [at, name] of texts(dead).entries()) expect(dead[at]?.reason).toBe(`reason of ${name}`)
            expect(
              await test.broker.inspector?.redrive(
                queue,
                dead.map(({ id }) => id),
              ),
            ).toBe(dead.length)
            for (const name of texts(dead)) {
              const message = expected.find((one) => one.name === name) as ModelMessage
              Object.assign(message, { where: 'waiting', count: 0, dueAt: 0, place: model.places++ })
            }
          },
        ] as const,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(queueName, fc.constantFrom('waiting', 'dead')).map(
      ([queue, what]) =>
        [
          `purge ${what} of ${queue}`,
          async ({ model, test }: World) => {
            const gone = model.messages.filter((message) => message.queue === queue && message.where === what)
            expect(await test.broker.inspector?.purge(queue, what)).toBe(gone.length)
            for (const message of gone) message.where = 'gone'
          },
        ] as const,
    ),
  },
)

describe.each(Object.keys(BROKERS))('queue model: %s', (name) => {
  it('does what the model does, and keeps every message in exactly one place', async () => {
    const steps = fc.array(step, { maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(
        steps.map((list) =>
          Object.assign(list, { [fc.toStringMethod]: () => list.map(([label]) => label).join('\n') }),
        ),
        async (list) => {
          const test = (BROKERS[name] as () => QueueUnderTest)()
          const world = new World(test)
          try {
            for (const queue of QUEUES) await world.open(queue)
            for (const [, run] of list) {
              await run(world)
              await check(world)
            }
            for (let hand = world.hands[0]; hand !== undefined; hand = world.hands[0]) {
              await hand.consumer.close()
              world.drop(hand, false)
            }
            await check(world)
          } finally {
            await test.close()
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})
