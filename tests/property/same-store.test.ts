import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Backend, CommitOutcome, PendingOutcome, RetryOutcome } from '../../src/core/ports/backend.ts'
import type { Broker, Consumer, Delivery } from '../../src/core/ports/broker.ts'
import type {
  FinishUnit,
  FinishUnitOutcome,
  GuardedMessage,
  SendOutcome,
  SendUnit,
} from '../../src/core/ports/same-store.ts'
import { memoryStore } from '../../src/drivers/memory/index.ts'
import {
  beginWrite,
  commitWrite,
  failWrite,
  groupFinish,
  groupInit,
  pendingWrite,
  retryWrite,
} from '../../src/testing/backend-harness.ts'
import { bytes, outgoing, texts } from '../../src/testing/broker-harness.ts'
import { fakeClock } from '../../src/testing/index.ts'

/** The two ways to do the same: fused in the store, or through the two ports one after the other. */
interface Way {
  send(unit: SendUnit): Promise<SendOutcome>
  finish(unit: FinishUnit): Promise<FinishUnitOutcome>
}

interface Side {
  readonly broker: Broker
  readonly backend: Backend
  readonly consumer: Consumer
  readonly way: Way
  held: Delivery[]
}

const STORES: Readonly<Record<string, () => { readonly broker: Broker; readonly backend: Backend }>> = {
  memory: () => memoryStore({ clock: fakeClock() }),
}

const QUEUE = 'q'
const NAMES = ['t0', 't1', 't2', 't3'] as const
const GROUPS = ['g0', 'g1'] as const

/** A send publishes what is new, since a PENDING that stands has its message; a hand-off all that is not further. */
const isNew = (outcome: PendingOutcome): boolean => outcome === 'written'
const mayRun = (outcome: PendingOutcome): boolean => outcome !== 'exists'

/** The generic path, which stays the reference: PENDING, then publish. */
async function handOff(
  broker: Broker,
  backend: Backend,
  guarded: readonly GuardedMessage[],
  publishes: (outcome: PendingOutcome) => boolean,
) {
  const states: SendOutcome['states'][number][] = []
  for (const { message, pending } of guarded) {
    const outcome =
      pending === undefined ? 'written' : ((await backend.tasks.pending([pending]))[0] ?? 'written')
    states.push(outcome)
    if (publishes(outcome)) await broker.publish([message])
  }
  return states
}

function genericWay(broker: Broker, backend: Backend, consumer: Consumer): Way {
  const { tasks, groups } = backend
  return {
    async send(unit) {
      await groups.init(unit.groups)
      return { publish: { outcome: 'stored' }, states: await handOff(broker, backend, unit.messages, isNew) }
    },
    async finish({ deliveryId, commit, retry, groups: inits, next, fail, finishes }) {
      let outcome: CommitOutcome | RetryOutcome | undefined
      if (commit !== undefined) [outcome] = await tasks.commit([commit])
      if (retry !== undefined) [outcome] = await tasks.retry([retry])
      if (outcome !== undefined && outcome.kind !== 'committed' && outcome.kind !== 'recorded')
        return 'fenced'
      await groups.init(inits)
      await handOff(broker, backend, next, mayRun)
      await tasks.fail(fail)
      if ((await groups.finish(finishes)).includes('trigger')) return 'trigger'
      await consumer.settle([{ id: deliveryId, kind: 'ack' }])
      return 'done'
    },
  }
}

async function openSide(name: string, fused: boolean): Promise<Side> {
  const { broker, backend } = (STORES[name] as (typeof STORES)[string])()
  const consumer = await broker.consume(QUEUE, { maxUnsettled: 1_000, onLost: () => {} })
  const sameStore = broker.sameStore?.(backend)
  if (sameStore === undefined) throw new Error(`${name} has no sameStore`)
  const way: Way = fused
    ? {
        send: async (unit) => (await sameStore.send([unit]))[0] as SendOutcome,
        finish: async (unit) => (await sameStore.finish([unit]))[0] as FinishUnitOutcome,
      }
    : genericWay(broker, backend, consumer)
  return { broker, backend, consumer, way, held: [] }
}

/** Everything that can be seen of a store. */
async function visible({ broker, backend, held }: Side) {
  const states = await backend.tasks.get(NAMES)
  const groups = await backend.groups.get(GROUPS)
  const pending = (await broker.inspector?.pending(QUEUE, { offset: 0, limit: 1_000 })) ?? []
  const { pending: waiting, delayed, inFlight } = (await broker.inspector?.stats(QUEUE)) ?? {}
  return {
    states,
    groups: groups.map((group) => group && { ...group, members: [...group.members] }),
    pending: texts(pending.map((body) => ({ body }))),
    counts: { waiting, delayed, inFlight },
    held: texts(held),
  }
}

const drop = (side: Side, delivery: Delivery): void => {
  side.held = side.held.filter((other) => other !== delivery)
}

type Operation = (side: Side) => Promise<unknown>
type Labelled = readonly [label: string, run: Operation]

const task = fc.constantFrom(...NAMES)
const group = fc.constantFrom(...GROUPS)
const delayMs = fc.constantFrom(0, 0, 0, 1_000)

const guardedMessage = fc
  .record({ uuid: task, hasState: fc.boolean(), reset: fc.boolean(), delayMs })
  .map(({ uuid, hasState, reset, delayMs: delay }): GuardedMessage => ({
    message: outgoing(QUEUE, uuid, { uuid, delayMs: delay }),
    pending: hasState ? pendingWrite(uuid, { reset: reset && delay > 0 }) : undefined,
  }))
const messages = fc.array(guardedMessage, { maxLength: 3 })
const inits = fc.array(
  group.map((uuid) => groupInit(uuid, ['t0', 't1'])),
  { maxLength: 1 },
)

const send = fc
  .record({ messages, groups: inits })
  .map((unit): Labelled => [`send ${JSON.stringify(unit)}`, (side) => side.way.send(unit)])

const claim = fc.constant<Labelled>([
  'claim',
  async (side) => {
    const waiting = (await side.broker.inspector?.stats(QUEUE))?.pending ?? 0
    if (waiting === 0) return []
    const deliveries = await side.consumer.claim(2, new AbortController().signal)
    side.held.push(...deliveries)
    return texts(deliveries)
  },
])

/** A token that says whose it is on both sides, where delivery ids differ. */
const tokens = fc.constantFrom('token a', 'token b')

const begin = fc
  .record({ uuid: task, token: tokens, ifFirst: fc.boolean(), digest: fc.constantFrom('d1', 'd2') })
  .map(({ uuid, token, ...changes }): Labelled => [
    `begin ${uuid} ${token}`,
    ({ backend }) => backend.tasks.begin([beginWrite(uuid, token, changes)]),
  ])

const finish = fc
  .record({
    pick: fc.nat({ max: 5 }),
    kind: fc.constantFrom('success', 'failure', 'retry', 'nothing'),
    token: tokens,
    digest: fc.constantFrom('d1', 'd2'),
    next: messages,
    groups: inits,
    fail: fc.array(task, { maxLength: 2 }),
    members: fc.array(fc.record({ group, uuid: fc.option(task), count: fc.constantFrom(1, 2, 3) }), {
      maxLength: 2,
    }),
  })
  .map(({ pick, kind, token, digest, next, groups, fail, members }): Labelled => [
    `finish ${pick} ${kind} ${token} next ${next.length} fail ${fail.join()} members ${JSON.stringify(members)}`,
    async (side) => {
      const delivery = side.held[pick % Math.max(1, side.held.length)]
      if (delivery === undefined) return 'nothing held'
      const uuid = texts([delivery])[0] ?? ''
      const outcome = await side.way.finish({
        deliveryId: delivery.id,
        commit:
          kind === 'success' || kind === 'failure'
            ? commitWrite(uuid, token, { state: kind === 'success' ? 'SUCCESS' : 'FAILURE' })
            : undefined,
        retry:
          kind === 'retry' ? retryWrite(uuid, token, { digest, body: bytes(`next of ${uuid}`) }) : undefined,
        groups,
        next,
        fail: fail.map((downstream) => failWrite(downstream, { over: ['PENDING', 'RETRY'] })),
        finishes: members.map((member) => groupFinish(member.group, member.uuid ?? uuid, member.count)),
      })
      if (outcome === 'done') drop(side, delivery)
      return outcome
    },
  ])

const triggered = group.map((uuid): Labelled => [
  `triggered ${uuid}`,
  ({ backend }) => backend.groups.triggered([uuid]),
])

const operation = fc.oneof(
  { weight: 3, arbitrary: send },
  { weight: 3, arbitrary: claim },
  { weight: 2, arbitrary: begin },
  { weight: 6, arbitrary: finish },
  { weight: 1, arbitrary: triggered },
)

describe.each(Object.keys(STORES))('same store: %s', (name) => {
  it('equals the generic path over the two ports', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40, size: 'max' }), async (operations) => {
        const [fused, generic] = [await openSide(name, true), await openSide(name, false)]
        try {
          for (const [label, run] of operations) {
            expect(await run(fused), label).toEqual(await run(generic))
            expect(await visible(fused), label).toEqual(await visible(generic))
          }
        } finally {
          for (const { broker, backend } of [fused, generic])
            await Promise.all([broker.close(), backend.close()])
        }
      }),
      { numRuns: 400 },
    )
  })
})
