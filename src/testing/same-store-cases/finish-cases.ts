import assert from 'node:assert/strict'
import {
  beginWrite,
  commitWrite,
  failWrite,
  groupFinish,
  groupInit,
  pendingWrite,
  retryWrite,
} from '../backend-harness.ts'
import { outgoing, release, texts, startClaim } from '../broker-harness.ts'
import { finishUnit, guarded, type SameStoreCase, type SameStoreTest } from '../same-store-harness.ts'

/** A task of which one delivery is held. */
async function running(t: SameStoreTest) {
  const [queue, uuid] = [t.newName('queue'), t.newName('task')]
  await t.settled(t.backend.tasks.pending([pendingWrite(uuid)]), 'pending')
  const consumer = await t.consume(queue)
  const delivery = await t.deliver(queue, consumer)
  return { queue, uuid, consumer, delivery, commit: commitWrite(uuid, delivery.id) }
}

async function begin(t: SameStoreTest, uuid: string, token: string): Promise<void> {
  await t.settled(t.backend.tasks.begin([beginWrite(uuid, token)]), 'begin')
}

/** Commit, hand-off and acknowledgement in one. */
export function finishCases(test: SameStoreCase): void {
  test('commits, hands off and acknowledges', async (t) => {
    const { queue, uuid, consumer, delivery, commit } = await running(t)
    const [next, downstream, group] = [t.newName('task'), t.newName('task'), t.newName('group')]
    const unit = finishUnit(delivery.id, {
      commit,
      groups: [groupInit(group, [next])],
      next: [guarded(queue, next)],
      fail: [failWrite(downstream)],
    })
    assert.deepEqual(await t.finish(unit), ['done'])
    assert.deepEqual(await t.states(uuid, next, downstream), ['SUCCESS', 'PENDING', 'FAILURE'])
    const [stored] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(stored?.taskUuids, [next])
    assert.equal(await t.wasHeld(consumer, delivery), false)
    assert.deepEqual(await t.waiting(queue), [next])
    await t.settled(consumer.close(), 'close')
    assert.deepEqual(await t.waiting(queue), [next])
  })

  test('acknowledges a task without a state', async (t) => {
    const { queue, consumer, delivery } = await running(t)
    assert.deepEqual(await t.finish(finishUnit(delivery.id)), ['done'])
    assert.equal(await t.wasHeld(consumer, delivery), false)
    assert.deepEqual(await t.waiting(queue), [])
  })

  test('records a retry and publishes the next attempt', async (t) => {
    const { queue, uuid, consumer, delivery } = await running(t)
    await begin(t, uuid, delivery.id)
    const next = [{ message: outgoing(queue, 'next attempt', { uuid }), pending: undefined }]
    assert.deepEqual(
      await t.finish(finishUnit(delivery.id, { retry: retryWrite(uuid, delivery.id), next })),
      ['done'],
    )
    assert.deepEqual(await t.states(uuid), ['RETRY'])
    assert.equal(await t.wasHeld(consumer, delivery), false)
    assert.deepEqual(await t.waiting(queue), ['next attempt'])
    const [again] = await t.settled(t.backend.tasks.begin([beginWrite(uuid, 'zombie')]), 'begin')
    assert.equal(again?.kind, 'intent')
  })

  for (const [label, prepare] of [
    ['another token', (t, { uuid }) => begin(t, uuid, 'other')],
    ['a terminal state', async (t, { uuid }) => void (await t.backend.tasks.commit([commitWrite(uuid, '')]))],
    [
      'a lost delivery',
      async (_, { consumer, delivery }) => void (await consumer.settle([release(delivery)])),
    ],
  ] as const satisfies readonly (readonly [
    string,
    (t: SameStoreTest, task: Awaited<ReturnType<typeof running>>) => Promise<void>,
  ])[]) {
    for (const kind of ['commit', 'retry'] as const) {
      test(`does nothing of a ${kind} that is fenced by ${label}`, async (t) => {
        const task = await running(t)
        const { queue, uuid, consumer, delivery, commit } = task
        const [next, downstream, group] = [t.newName('task'), t.newName('task'), t.newName('group')]
        await t.settled(prepare(t, task), 'preparation')
        const before = await t.settled(t.backend.tasks.get([uuid]), 'get')
        const unit = finishUnit(delivery.id, {
          ...(kind === 'commit' ? { commit } : { retry: retryWrite(uuid, delivery.id) }),
          groups: [groupInit(group, [uuid])],
          next: [guarded(queue, next)],
          fail: [failWrite(downstream)],
          finishes: [groupFinish(group, uuid, 1)],
        })
        assert.deepEqual(await t.finish(unit), ['fenced'])
        assert.deepEqual(await t.settled(t.backend.tasks.get([uuid]), 'get'), before)
        assert.deepEqual(await t.states(next, downstream), [undefined, undefined])
        assert.deepEqual(await t.settled(t.backend.groups.get([group]), 'get'), [undefined])
        const isLost = label === 'a lost delivery'
        assert.deepEqual(await t.waiting(queue), isLost ? ['delivery'] : [])
        assert.equal(await t.wasHeld(consumer, delivery), !isLost)
      })
    }
  }

  test('is fenced by an intent that is recorded', async (t) => {
    const { queue, uuid, consumer, delivery } = await running(t)
    await begin(t, uuid, delivery.id)
    const retry = retryWrite(uuid, delivery.id)
    await t.settled(t.backend.tasks.retry([retry]), 'retry')
    const next = [{ message: outgoing(queue, 'other bytes', { uuid }), pending: undefined }]
    const other = { ...retry, body: new TextEncoder().encode('other bytes') }
    assert.deepEqual(await t.finish(finishUnit(delivery.id, { retry: other, next })), ['fenced'])
    assert.deepEqual(await t.waiting(queue), [])
    assert.equal(await t.wasHeld(consumer, delivery), true)
  })

  test('does nothing when the store refuses a message', async (t) => {
    const { queue, uuid, consumer, delivery, commit } = await running(t)
    const [good, bad] = [t.newName('task'), t.newName('task')]
    const body = new Uint8Array(t.broker.capabilities.maxBodyBytes + 1)
    const next = [guarded(queue, good), guarded(queue, bad, { body })]
    assert.deepEqual(await t.finish(finishUnit(delivery.id, { commit, next })), ['failed'])
    assert.deepEqual(await t.states(uuid, good, bad), ['PENDING', undefined, undefined])
    assert.deepEqual(await t.waiting(queue), [])
    assert.equal(await t.wasHeld(consumer, delivery), true)
  })

  test('does not publish a callback that went further (R4), nor overwrite a terminal state downstream', async (t) => {
    const { queue, uuid, delivery, commit } = await running(t)
    const [started, done] = [t.newName('task'), t.newName('task')]
    await begin(t, started, 'runs')
    await t.settled(t.backend.tasks.commit([commitWrite(done, '')]), 'commit')
    const unit = finishUnit(delivery.id, { commit, next: [guarded(queue, started)], fail: [failWrite(done)] })
    assert.deepEqual(await t.finish(unit), ['done'])
    assert.deepEqual(await t.states(uuid, started, done), ['SUCCESS', 'STARTED', 'SUCCESS'])
    assert.deepEqual(await t.waiting(queue), [])
  })

  test('publishes a callback that is PENDING again: its sender may have died before the publish (R4)', async (t) => {
    const { queue, delivery, commit } = await running(t)
    const pending = t.newName('task')
    await t.settled(t.backend.tasks.pending([pendingWrite(pending)]), 'pending')
    assert.deepEqual(await t.finish(finishUnit(delivery.id, { commit, next: [guarded(queue, pending)] })), [
      'done',
    ])
    assert.deepEqual(await t.waiting(queue), [pending])
  })

  test('counts several members, and keeps the delivery when one of them owns a trigger', async (t) => {
    const [one, other] = [t.newName('group'), t.newName('group')]
    const { uuid, consumer, delivery, commit } = await running(t)
    const downstream = t.newName('task')
    const failure = { outcome: { state: 'FAILURE', error: 'upstream failed' } } as const
    const finishes = [
      groupFinish(one, uuid, 2),
      groupFinish(other, downstream, 1, failure),
      groupFinish(one, 'x', 3),
    ]
    assert.deepEqual(await t.finish(finishUnit(delivery.id, { commit, finishes })), ['trigger'])
    const groups = await t.settled(t.backend.groups.get([one, other]), 'get')
    assert.deepEqual(
      groups.map((group) => [...(group?.members.keys() ?? [])].toSorted()),
      [[uuid, 'x'].toSorted(), [downstream]],
    )
    assert.equal(await t.wasHeld(consumer, delivery), true)
  })

  test('counts a member, and keeps the delivery of the member that owns the trigger', async (t) => {
    const group = t.newName('group')
    const [first, last] = [await running(t), await running(t)]
    const end = ({ uuid, delivery, commit }: typeof first) =>
      finishUnit(delivery.id, { commit, finishes: [groupFinish(group, uuid, 2)] })
    assert.deepEqual(await t.finish(end(first)), ['done'])
    assert.equal(await t.wasHeld(first.consumer, first.delivery), false)
    assert.deepEqual(await t.finish(end(last)), ['trigger'])
    assert.deepEqual(await t.states(last.uuid), ['SUCCESS'])
    const [stored] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.equal(stored?.members.size, 2)
    const [again] = await t.settled(t.backend.groups.finish([groupFinish(group, last.uuid, 2)]), 'finish')
    assert.equal(again, 'trigger')
    assert.equal(await t.wasHeld(last.consumer, last.delivery), true)
  })

  test('acknowledges a member whose group is triggered by another, or was', async (t) => {
    const group = t.newName('group')
    await t.settled(t.backend.groups.finish([groupFinish(group, 'owner', 1)]), 'finish')
    const late = await running(t)
    const end = finishUnit(late.delivery.id, {
      commit: late.commit,
      finishes: [groupFinish(group, late.uuid, 1)],
    })
    assert.deepEqual(await t.finish(end), ['done'])
    await t.settled(t.backend.groups.triggered([group]), 'triggered')
    const later = await running(t)
    const again = finishUnit(later.delivery.id, {
      commit: later.commit,
      finishes: [groupFinish(group, later.uuid, 1)],
    })
    assert.deepEqual(await t.finish(again), ['done'])
    assert.equal(await t.wasHeld(later.consumer, later.delivery), false)
  })

  test('judges each unit of a batch by itself, in order', async (t) => {
    const [one, other] = [await running(t), await running(t)]
    const copy = await t.deliver(one.queue, one.consumer)
    const outcomes = await t.finish(
      finishUnit(one.delivery.id, { commit: one.commit }),
      finishUnit(one.delivery.id),
      finishUnit(copy.id, { commit: commitWrite(one.uuid, copy.id) }),
      finishUnit('no such delivery', { commit: commitWrite(t.newName('task'), 'any') }),
      finishUnit(other.delivery.id, { commit: other.commit }),
    )
    assert.deepEqual(outcomes, ['done', 'fenced', 'fenced', 'fenced', 'done'])
    assert.deepEqual(await t.states(one.uuid, other.uuid), ['SUCCESS', 'SUCCESS'])
    assert.equal(await t.wasHeld(one.consumer, copy), true)
    assert.deepEqual(await t.finish(), [])
  })

  test('judges each commit of a batch by the state of its task', async (t) => {
    const tasks = [
      await running(t),
      await running(t),
      await running(t),
      await running(t),
      await running(t),
    ] as const
    const [pending, own, foreign, ended, absent] = tasks
    await begin(t, own.uuid, own.delivery.id)
    await begin(t, foreign.uuid, 'another run')
    const earlier = commitWrite(ended.uuid, 'another run', { state: 'FAILURE', error: 'earlier' })
    await t.settled(t.backend.tasks.commit([earlier]), 'commit')
    await t.settled(t.backend.tasks.purge([absent.uuid]), 'purge')
    const outcomes = await t.finish(
      ...tasks.map(({ delivery, commit }) => finishUnit(delivery.id, { commit })),
    )
    assert.deepEqual(outcomes, ['done', 'done', 'fenced', 'fenced', 'done'])
    assert.deepEqual(await t.states(pending.uuid, own.uuid, foreign.uuid, ended.uuid, absent.uuid), [
      ...['SUCCESS', 'SUCCESS', 'STARTED', 'FAILURE', 'SUCCESS'],
    ])
    for (const { consumer, delivery } of [foreign, ended])
      assert.equal(await t.wasHeld(consumer, delivery), true)
  })

  test('answers in the order of the units, whatever follows from each', async (t) => {
    const [first, second, third, fourth] = [
      await running(t),
      await running(t),
      await running(t),
      await running(t),
    ]
    const [next, lost] = [t.newName('task'), t.newName('task')]
    const failure = commitWrite(third.uuid, third.delivery.id, { state: 'FAILURE', error: 'no luck' })
    const outcomes = await t.finish(
      finishUnit(first.delivery.id, { commit: first.commit, next: [guarded(first.queue, next)] }),
      finishUnit(second.delivery.id, { commit: second.commit }),
      finishUnit('no such delivery', { commit: commitWrite(lost, 'any') }),
      finishUnit(third.delivery.id, { commit: { ...failure, expiresInMs: 2 * failure.expiresInMs } }),
      finishUnit(second.delivery.id, { commit: second.commit }),
      finishUnit(fourth.delivery.id, { commit: fourth.commit }),
    )
    assert.deepEqual(outcomes, ['done', 'done', 'fenced', 'done', 'fenced', 'done'])
    const uuids = [first, second, third, fourth].map(({ uuid }) => uuid)
    assert.deepEqual(await t.states(...uuids, next), ['SUCCESS', 'SUCCESS', 'FAILURE', 'SUCCESS', 'PENDING'])
    const states = await t.settled(t.backend.tasks.get([...uuids, lost]), 'get')
    assert.deepEqual(
      states.map((state) => state?.error),
      ['', '', 'no luck', '', undefined],
    )
    assert.deepEqual(
      states.slice(0, 4).map((state) => state?.results),
      [first.commit.results, second.commit.results, [], fourth.commit.results],
    )
    for (const { consumer, delivery } of [first, second, third, fourth])
      assert.equal(await t.wasHeld(consumer, delivery), false)
    assert.deepEqual(texts(await t.settled(startClaim(first.consumer, 1), 'claim')), [next])
  })

  test('gives room to a claim that waits for it', async (t) => {
    const queue = t.newName('queue')
    const consumer = await t.consume(queue, 1)
    const delivery = await t.deliver(queue, consumer)
    await t.settled(t.broker.publish([outgoing(queue, 'next')]), 'publish')
    const claimed = startClaim(consumer, 1)
    await t.pass(10)
    assert.deepEqual(await t.finish(finishUnit(delivery.id)), ['done'])
    assert.deepEqual(texts(await t.settled(claimed, 'claim')), ['next'])
  })

  test('tells who watches', async (t) => {
    const { uuid, delivery, commit } = await running(t)
    assert.equal(t.backend.watch !== undefined, t.backend.capabilities.watch)
    if (t.backend.watch === undefined) return
    let told = 0
    const unwatch = await t.settled(
      t.backend.watch([uuid], () => told++),
      'watch',
    )
    await t.finish(finishUnit(delivery.id, { commit }))
    await t.until(() => told > 0, 'onChange')
    unwatch()
  })
}
