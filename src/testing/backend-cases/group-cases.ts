import assert from 'node:assert/strict'
import type { MemberOutcome } from '../../core/ports/backend.ts'
import { type BackendCase, type BackendTest, CREATED_AT, groupFinish, groupInit } from '../backend-harness.ts'

const names = (group: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${group}.${index}`)

async function initialised(
  t: BackendTest,
  count: number,
): Promise<readonly [group: string, members: readonly string[]]> {
  const group = t.newUuid('group')
  const members = names(group, count)
  await t.settled(t.backend.groups.init([groupInit(group, members)]), 'init')
  return [group, members]
}

/** Groups and the trigger of chords (reliability 4.4). */
export function groupCases(test: BackendCase): void {
  test('counts members: wait, wait, trigger, and done once it was triggered', async (t) => {
    const [group, [a = '', b = '', c = '']] = await initialised(t, 3)
    assert.equal(await t.finish(group, a, 3), 'wait')
    assert.equal(await t.finish(group, c, 3), 'wait')
    assert.equal(await t.finish(group, b, 3), 'trigger')
    await t.settled(t.backend.groups.triggered([group]), 'triggered')
    for (const member of [a, b, c]) assert.equal(await t.finish(group, member, 3), 'done')
  })

  test('gives the trigger to the same member again until it was triggered, and to no other', async (t) => {
    const [group, [a = '', b = '']] = await initialised(t, 2)
    await t.finish(group, a, 2)
    for (let round = 0; round < 3; round++) {
      assert.equal(await t.finish(group, b, 2), 'trigger')
      assert.equal(await t.finish(group, a, 2), 'other')
    }
  })

  test('counts a member once, and keeps its first outcome', async (t) => {
    const [group, [a = '', b = '']] = await initialised(t, 2)
    const first: MemberOutcome = { state: 'FAILURE', error: 'it failed ☃' }
    assert.equal(await t.finish(group, a, 2, { outcome: first }), 'wait')
    assert.equal(await t.finish(group, a, 2), 'wait')
    assert.equal(await t.finish(group, b, 2), 'trigger')
    const [state] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(state?.members.get(a), first)
    assert.deepEqual(state?.members.get(b), groupFinish(group, b, 2).outcome)
    assert.equal(state?.members.size, 2)
  })

  test('has one trigger among members that finish at once', async (t) => {
    const [group, members] = await initialised(t, 10)
    const outcomes = await Promise.all(members.map((member) => t.finish(group, member, 10)))
    assert.equal(outcomes.filter((outcome) => outcome === 'trigger').length, 1)
    const again = await Promise.all(members.map((member) => t.finish(group, member, 10)))
    assert.equal(again.filter((outcome) => outcome === 'trigger').length, 1)
    assert.equal(again.filter((outcome) => outcome === 'other').length, 9)
    assert.equal(again.indexOf('trigger'), outcomes.indexOf('trigger'), 'the trigger changed its owner')
  })

  test('does not initialise a group twice', async (t) => {
    const [group, members] = await initialised(t, 2)
    await t.finish(group, members[0] ?? '', 2)
    const again = { ...groupInit(group, ['other']), createdAt: '2030-01-01T00:00:00Z' }
    await t.settled(t.backend.groups.init([again]), 'init')
    const [state] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(state?.taskUuids, members)
    assert.equal(state?.createdAt, CREATED_AT)
    assert.equal(state?.triggered, false)
    assert.equal(state?.members.size, 1)
  })

  test('counts a group that was never initialised, and takes its order later', async (t) => {
    const group = t.newUuid('group')
    const [a = '', b = ''] = names(group, 2)
    assert.equal(await t.finish(group, b, 2), 'wait')
    await t.settled(t.backend.groups.init([groupInit(group, [a, b])]), 'init')
    const [state] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(state?.taskUuids, [a, b])
    assert.deepEqual([...(state?.members.keys() ?? [])], [b])
    assert.equal(await t.finish(group, a, 2), 'trigger')
  })

  test('triggers a group of one at once', async (t) => {
    const group = t.newUuid('group')
    assert.equal(await t.finish(group, `${group}.only`, 1), 'trigger')
  })

  test('counts 1,000 members in one batch and keeps every result, in any order', async (t) => {
    const [group, members] = await initialised(t, 1_000)
    const order = members.toReversed()
    const batch = order.map((member) => groupFinish(group, member, 1_000))
    const outcomes = await t.settled(t.backend.groups.finish(batch), 'finish')
    assert.deepEqual(outcomes, [...Array.from({ length: 999 }, () => 'wait'), 'trigger'])
    const [state] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(state?.taskUuids, members)
    for (const member of members) {
      assert.deepEqual(state?.members.get(member), groupFinish(group, member, 1_000).outcome)
    }
  })

  test('keeps the outcomes of members whose states are gone', async (t) => {
    const [group, [a = '', b = '']] = await initialised(t, 2)
    await t.commit(a, 'any')
    await t.finish(group, a, 2)
    await t.settled(t.backend.tasks.purge([a]), 'purge')
    assert.equal(await t.finish(group, b, 2), 'trigger')
    const [state] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(state?.members.get(a), groupFinish(group, a, 2).outcome)
  })

  test('outlives the expiry that its members ask for', async (t) => {
    const group = t.newUuid('group')
    const [a = '', b = ''] = names(group, 2)
    const soon = { expiresInMs: t.expiryStepMs }
    await t.settled(t.backend.groups.init([{ ...groupInit(group, [a, b]), ...soon }]), 'init')
    await t.finish(group, a, 2, soon)
    await t.pass(t.expiryStepMs + 60)
    assert.equal(await t.finish(group, b, 2, soon), 'trigger')
  })

  test('takes a member out for a redrive, and the trigger with it', async (t) => {
    const [group, [a = '', b = '']] = await initialised(t, 2)
    await t.finish(group, a, 2, { outcome: { state: 'FAILURE', error: 'no' } })
    assert.equal(await t.finish(group, b, 2), 'trigger')
    await t.settled(t.backend.groups.triggered([group]), 'triggered')
    await t.settled(t.backend.groups.reopen(group, a), 'reopen')
    const [state] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.equal(state?.triggered, false)
    assert.deepEqual([...(state?.members.keys() ?? [])], [b])
    assert.equal(await t.finish(group, b, 2), 'wait')
    assert.equal(await t.finish(group, a, 2), 'trigger')
    await t.settled(t.backend.groups.reopen(t.newUuid('group'), a), 'reopen of an unknown group')
  })

  test('shows whether it was triggered, and answers in order', async (t) => {
    const [one] = await initialised(t, 1)
    const [other] = await initialised(t, 1)
    const absent = t.newUuid('group')
    await t.settled(t.backend.groups.triggered([other, absent]), 'triggered')
    const states = await t.settled(t.backend.groups.get([other, absent, one]), 'get')
    assert.deepEqual(
      states.map((state) => state && [state.groupUuid, state.triggered]),
      [[other, true], undefined, [one, false]],
    )
  })

  test('purges groups, and does not mind unknown ones', async (t) => {
    const [group, [a = '']] = await initialised(t, 2)
    await t.finish(group, a, 2)
    await t.settled(t.backend.groups.purge([group, t.newUuid('group')]), 'purge')
    assert.deepEqual(await t.settled(t.backend.groups.get([group]), 'get'), [undefined])
    assert.equal(await t.finish(group, a, 2), 'wait')
  })
}
