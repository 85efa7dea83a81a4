import assert from 'node:assert/strict'
import type { TaskState } from '../../core/task-state.ts'
import type { BackendCase, BackendTest } from '../backend-harness.ts'

type Watch = NonNullable<BackendTest['backend']['watch']>

/** `watch`, or undefined after asserting that the capabilities say so. */
function watchOf(t: BackendTest): Watch | undefined {
  const { backend } = t
  assert.equal(
    backend.watch !== undefined,
    backend.capabilities.watch,
    'capabilities.watch must tell whether watch is there',
  )
  return backend.watch && ((uuids, onChange) => t.settled((backend.watch as Watch)(uuids, onChange), 'watch'))
}

/** Waiting without polling. */
export function watchCases(test: BackendCase): void {
  for (const [label, write] of [
    ['pending', (t, uuid) => t.pending(uuid)],
    ['begin', (t, uuid) => t.begin(uuid, 'token')],
    ['commit', (t, uuid) => t.commit(uuid, 'token')],
    ['retry', (t, uuid) => t.retry(uuid, 'token')],
    ['fail', (t, uuid) => t.fail(uuid)],
  ] as const satisfies readonly (readonly [string, (t: BackendTest, uuid: string) => Promise<unknown>])[]) {
    test(`tells of a ${label}, when it can be read`, async (t) => {
      const watch = watchOf(t)
      if (watch === undefined) return
      const [uuid, other] = [t.newUuid(), t.newUuid()]
      const seen: string[] = []
      let given: TaskState | undefined
      const unwatch = await watch([uuid, t.newUuid()], (changed, terminal) => {
        seen.push(changed)
        given ??= terminal
      })
      await t.pending(other)
      await write(t, uuid)
      await t.until(() => seen.includes(uuid), 'onChange')
      assert.equal(seen.includes(other), false, 'told of a state that is not watched')
      const state = await t.state(uuid)
      assert.ok(state)
      const isTerminal = state.state === 'SUCCESS' || state.state === 'FAILURE'
      if (given !== undefined) assert.deepEqual([isTerminal, given], [true, state])
      unwatch()
    })
  }

  test('misses nothing that a read after it did not see', async (t) => {
    const watch = watchOf(t)
    if (watch === undefined) return
    for (let round = 0; round < 20; round++) {
      const uuid = t.newUuid()
      const committed = round % 2 === 0 ? t.commit(uuid, 'token') : undefined
      let told = 0
      const unwatch = await watch([uuid], () => told++)
      const finished = t.commit(uuid, 'token')
      const seen = (await t.state(uuid)) !== undefined
      if (!seen) await t.until(() => told > 0, 'onChange')
      await Promise.all([committed, finished])
      unwatch()
    }
  })

  test('tells several waiters, and none of them after it ended', async (t) => {
    const watch = watchOf(t)
    if (watch === undefined) return
    const uuid = t.newUuid()
    const told = [0, 0]
    const count = (index: number) => (): void => void (told[index] = (told[index] ?? 0) + 1)
    const [first, second] = [await watch([uuid], count(0)), await watch([uuid], count(1))]
    await t.pending(uuid)
    await t.until(() => told.every((times) => times > 0), 'onChange of both')
    await t.pass(60)
    first()
    first()
    const before = told[0]
    const since = told[1] ?? 0
    await t.commit(uuid, 'token')
    await t.until(() => (told[1] ?? 0) > since, 'onChange of the second')
    assert.equal(told[0], before, 'told after it ended')
    second()
  })

  test('tells of many states with one watch', async (t) => {
    const watch = watchOf(t)
    if (watch === undefined) return
    const uuids = Array.from({ length: 50 }, () => t.newUuid())
    const seen = new Set<string>()
    const unwatch = await watch(uuids, (uuid) => seen.add(uuid))
    for (const uuid of uuids) await t.commit(uuid, 'token')
    await t.until(() => seen.size === uuids.length, 'onChange of all')
    unwatch()
  })

  test('tells nobody after close', async (t) => {
    const watch = watchOf(t)
    if (watch === undefined) return
    const uuid = t.newUuid()
    let told = 0
    const unwatch = await watch([uuid], () => told++)
    await t.settled(t.backend.close(), 'close')
    await t.pass(20)
    const before = told
    unwatch()
    await t.pass(20)
    assert.equal(told, before)
  })
}
