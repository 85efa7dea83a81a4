import assert from 'node:assert/strict'
import { assertCode } from '../assert-code.ts'
import { type BackendCase, beginWrite, groupInit, HOUR_MS } from '../backend-harness.ts'

/** What is stored exactly, how long it is kept, and how a backend ends. */
export function keepCases(test: BackendCase): void {
  test('keeps results to the letter', async (t) => {
    const uuid = t.newUuid()
    const results = [
      { type: 'int64', value: '9223372036854775807' },
      { type: 'float64', value: '1.0' },
      { type: 'float64', value: '1e3' },
      { type: 'string', value: '"\\u00e9 \\" \\\\ \u2028 \u{1F680} <>&"' },
      { type: '[]string', value: '[ "a" ,\t"b" ]' },
      { type: 'json', value: '{"b":1,"a":{"__proto__":null}}' },
      { type: 'bool', value: 'false' },
    ]
    await t.commit(uuid, 'any', { results, taskName: 'names ☃ "quoted"' })
    const state = await t.state(uuid)
    assert.deepEqual(state?.results, results)
    assert.equal(state?.taskName, 'names ☃ "quoted"')
  })

  test('keeps an error text to the letter', async (t) => {
    const uuid = t.newUuid()
    const error = `it's "bad": \\ \n\t\u0000 ☃ \u{1F680} '; DROP TABLE x; --`
    await t.commit(uuid, 'any', { state: 'FAILURE', error })
    assert.equal((await t.state(uuid))?.error, error)
  })

  test('keeps a result of 1 MiB, and many results', async (t) => {
    const [big, many] = [t.newUuid(), t.newUuid()]
    const value = JSON.stringify('x☃'.repeat(262_144))
    await t.commit(big, 'any', { results: [{ type: 'string', value }] })
    assert.ok((await t.state(big))?.results[0]?.value === value, 'the big result changed')
    const results = Array.from({ length: 500 }, (_, index) => ({ type: 'int64', value: `${index}` }))
    await t.commit(many, 'any', { results })
    assert.deepEqual((await t.state(many))?.results, results)
  })

  test('keeps no results as an empty list', async (t) => {
    const uuid = t.newUuid()
    await t.commit(uuid, 'any', { results: [] })
    assert.deepEqual((await t.state(uuid))?.results, [])
  })

  test('forgets a terminal state when its time is over, and not before', async (t) => {
    const step = t.expiryStepMs
    const [short, long] = [t.newUuid(), t.newUuid()]
    await t.commit(short, 'any', { expiresInMs: Math.max(step, 100) })
    await t.commit(long, 'any', { expiresInMs: HOUR_MS })
    assert.equal((await t.state(short))?.state, 'SUCCESS')
    await t.pass(Math.max(step, 100) + 20)
    assert.equal(await t.state(short), undefined)
    assert.equal((await t.state(long))?.state, 'SUCCESS')
    assert.equal(await t.pending(short), 'written')
    assert.deepEqual(await t.begin(short, 'again'), { kind: 'run', begins: 1 })
  })

  test('keeps a state that is not terminal for a day at least', async (t) => {
    const uuids = [t.newUuid(), t.newUuid(), t.newUuid(), t.newUuid()] as const
    const soon = { expiresInMs: t.expiryStepMs }
    await t.pending(uuids[0], soon)
    await t.begin(uuids[1], 'any', soon)
    await t.retry(uuids[2], 'any', soon)
    await t.commit(uuids[3], 'any', soon)
    await t.pass(t.expiryStepMs + 60)
    const states = await t.settled(t.backend.tasks.get(uuids), 'get')
    assert.deepEqual(
      states.map((state) => state?.state),
      ['PENDING', 'STARTED', 'RETRY', undefined],
    )
  })

  test('arms the time anew with each write', async (t) => {
    const uuid = t.newUuid()
    await t.commit(uuid, 'any', { state: 'FAILURE', expiresInMs: Math.max(t.expiryStepMs, 100) })
    await t.reopen(uuid)
    await t.pass(t.expiryStepMs + 120)
    assert.equal((await t.state(uuid))?.state, 'PENDING')
  })

  test('purges states, and does not mind unknown ones', async (t) => {
    const [one, other] = [t.newUuid(), t.newUuid()]
    await t.begin(one, 'token')
    await t.pending(other)
    await t.settled(t.backend.tasks.purge([one, t.newUuid()]), 'purge')
    assert.equal(await t.state(one), undefined)
    assert.equal((await t.state(other))?.state, 'PENDING')
    assert.deepEqual(await t.begin(one, 'new', { ifFirst: true }), { kind: 'run', begins: 1 })
  })

  test('keeps states and groups when the store is opened again, if it is persistent', async (t) => {
    const { persistent } = t.backend.capabilities
    if (t.session.reopen === undefined) {
      assert.equal(persistent, false, 'a harness without reopen needs persistent: false')
      return
    }
    const [uuid, group] = [t.newUuid(), t.newUuid('group')]
    await t.begin(uuid, 'token')
    await t.settled(t.backend.groups.init([groupInit(group, [uuid])]), 'init')
    const backend = await t.session.reopen()
    const [state] = await t.settled(backend.tasks.get([uuid]), 'get')
    assert.equal(state?.state, 'STARTED')
    const [stored] = await t.settled(backend.groups.get([group]), 'get')
    assert.deepEqual(stored?.taskUuids, [uuid])
  })

  test('ends what is under way before it is closed', async (t) => {
    const uuids = Array.from({ length: 20 }, () => t.newUuid())
    const begun = uuids.map((uuid) => t.backend.tasks.begin([beginWrite(uuid, 'token')]))
    const read = uuids.map((uuid) => t.backend.tasks.get([uuid]))
    await t.settled(t.backend.close(), 'close')
    const outcomes = await t.settled(Promise.all(begun), 'begin')
    assert.deepEqual(
      outcomes,
      uuids.map(() => [{ kind: 'run', begins: 1 }]),
    )
    await t.settled(Promise.all(read), 'get')
  })

  test('closes twice, and answers ERR_CLOSED afterwards', async (t) => {
    await t.settled(Promise.all([t.backend.close(), t.backend.close()]), 'close')
    await t.settled(t.backend.close(), 'close')
    await assertCode(t.backend.tasks.get([t.newUuid()]), 'ERR_CLOSED')
    await assertCode(t.backend.groups.get([t.newUuid()]), 'ERR_CLOSED')
  })
}
