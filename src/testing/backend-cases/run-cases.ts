import assert from 'node:assert/strict'
import { assertBytes } from '../assert-bytes.ts'
import {
  type BackendCase,
  beginWrite,
  commitWrite,
  CREATED_AT,
  pendingWrite,
  retryWrite,
} from '../backend-harness.ts'
import { bytes } from '../broker-harness.ts'

const run = (begins: number): unknown => ({ kind: 'run', begins })

/** Who may run and who may write the end: tokens, intents, generations (reliability 4.2). */
export function runCases(test: BackendCase): void {
  test('lets only the last that began commit', async (t) => {
    const uuid = t.newUuid()
    await t.pending(uuid)
    assert.deepEqual(await t.begin(uuid, 'first'), run(1))
    assert.deepEqual(await t.begin(uuid, 'second'), run(2))
    assert.deepEqual(await t.commit(uuid, 'first'), { kind: 'fenced' })
    assert.equal((await t.state(uuid))?.state, 'STARTED')
    assert.deepEqual(await t.retry(uuid, 'first'), { kind: 'fenced' })
    assert.equal((await t.state(uuid))?.state, 'STARTED')
    assert.deepEqual(await t.commit(uuid, 'second'), { kind: 'committed' })
    const { results } = (await t.state(uuid)) ?? {}
    assert.deepEqual(results, [{ type: 'int64', value: '2' }])
  })

  test('keeps the first terminal state and tells it to later commits, whatever their token', async (t) => {
    const uuid = t.newUuid()
    await t.begin(uuid, 'first')
    await t.commit(uuid, 'first', { results: [{ type: 'string', value: '"won"' }] })
    const stored = await t.state(uuid)
    for (const token of ['first', 'other']) {
      assert.deepEqual(await t.commit(uuid, token, { state: 'FAILURE' }), { kind: 'done', state: stored })
    }
    assert.deepEqual(await t.begin(uuid, 'third'), { kind: 'done', state: stored })
    assert.deepEqual(await t.state(uuid), stored)
  })

  test('commits without a begin, since no token is stored', async (t) => {
    const [absent, pending] = [t.newUuid(), t.newUuid()]
    await t.pending(pending)
    assert.deepEqual(await t.commit(absent, 'any', { taskName: 'named' }), { kind: 'committed' })
    assert.deepEqual(await t.commit(pending, 'any'), { kind: 'committed' })
    const state = await t.state(absent)
    assert.equal(state?.taskName, 'named')
    assert.equal(state?.createdAt, '')
    assert.equal((await t.state(pending))?.createdAt, CREATED_AT)
  })

  test('has one winner among concurrent commits', async (t) => {
    const uuid = t.newUuid()
    await t.pending(uuid)
    const commits = Array.from({ length: 20 }, (_, index) =>
      t.commit(uuid, 'same', { results: [{ type: 'int64', value: `${index}` }] }),
    )
    const outcomes = (await Promise.all(commits)) as { readonly kind: string }[]
    const winners = outcomes.flatMap(({ kind }, index) => (kind === 'committed' ? [index] : []))
    assert.equal(winners.length, 1)
    assert.deepEqual((await t.state(uuid))?.results, [{ type: 'int64', value: `${winners[0]}` }])
  })

  test('begins if first only over nothing and over PENDING', async (t) => {
    const ifFirst = { ifFirst: true } as const
    const [absent, pending, started] = [t.newUuid(), t.newUuid(), t.newUuid()]
    await t.pending(pending)
    await t.begin(started, 'owner')
    assert.deepEqual(await t.begin(absent, 'a', ifFirst), run(1))
    assert.deepEqual(await t.begin(pending, 'a', ifFirst), run(1))
    assert.deepEqual(await t.begin(started, 'late', ifFirst), { kind: 'skipped' })
    assert.deepEqual(await t.commit(started, 'late'), { kind: 'fenced' })
    assert.deepEqual(await t.commit(started, 'owner'), { kind: 'committed' })
    const stored = await t.state(started)
    assert.deepEqual(await t.begin(started, 'later', ifFirst), { kind: 'done', state: stored })
  })

  test('does not begin if first over RETRY', async (t) => {
    const uuid = t.newUuid()
    await t.retry(uuid, 'first', { digest: 'digest-0' })
    assert.deepEqual(await t.begin(uuid, 'late', { ifFirst: true }), { kind: 'skipped' })
    assert.equal((await t.state(uuid))?.state, 'RETRY')
  })

  test('records a retry with its bytes, and answers them to whoever begins that attempt again', async (t) => {
    const uuid = t.newUuid()
    const body = Uint8Array.of(0, 255, 10, 123, 200)
    await t.pending(uuid)
    await t.begin(uuid, 'first')
    assert.deepEqual(await t.retry(uuid, 'first', { body, error: 'sötta' }), { kind: 'recorded' })
    const state = await t.state(uuid)
    assert.deepEqual(
      { state: state?.state, error: state?.error, retryAt: state?.retryAt },
      { state: 'RETRY', error: 'sötta', retryAt: 1_767_225_600_123 },
    )
    const again = (await t.begin(uuid, 'second')) as { readonly kind: string; readonly body: Uint8Array }
    assert.equal(again.kind, 'intent')
    assertBytes(again.body, body)
    assert.equal((await t.state(uuid))?.state, 'RETRY')
  })

  test('answers a second retry of one attempt with the bytes of the first', async (t) => {
    const uuid = t.newUuid()
    await t.begin(uuid, 'first')
    await t.retry(uuid, 'first', { body: bytes('first bytes'), retryAt: 5_000 })
    const again = (await t.retry(uuid, 'first', { body: bytes('other bytes'), retryAt: 6_000 })) as {
      readonly kind: string
      readonly body: Uint8Array
    }
    assert.equal(again.kind, 'intent')
    assertBytes(again.body, bytes('first bytes'))
    assert.equal((await t.state(uuid))?.retryAt, 5_000)
  })

  test('keeps the intents of every attempt until the commit, and clears the error when the next one starts', async (t) => {
    const uuid = t.newUuid()
    await t.begin(uuid, 'one', { digest: 'd1' })
    await t.retry(uuid, 'one', { digest: 'd1', body: bytes('second attempt') })
    assert.deepEqual(await t.begin(uuid, 'two', { digest: 'd2' }), run(2))
    const started = await t.state(uuid)
    assert.deepEqual([started?.state, started?.error, started?.retryAt], ['STARTED', '', undefined])
    await t.retry(uuid, 'two', { digest: 'd2', body: bytes('third attempt') })
    for (const [digest, expected] of [
      ['d1', 'second attempt'],
      ['d2', 'third attempt'],
    ] as const) {
      const answer = (await t.begin(uuid, 'zombie', { digest })) as {
        readonly kind: string
        readonly body: Uint8Array
      }
      assert.equal(answer.kind, 'intent')
      assertBytes(answer.body, bytes(expected))
    }
    assert.deepEqual(await t.begin(uuid, 'three', { digest: 'd3' }), run(3))
    assert.deepEqual(await t.commit(uuid, 'three'), { kind: 'committed' })
    assert.equal(
      ((await t.begin(uuid, 'zombie', { digest: 'd1' })) as { readonly kind: string }).kind,
      'done',
    )
  })

  for (const [label, renew] of [
    ['a new generation', { reset: true }],
    ['reopen', undefined],
  ] as const) {
    test(`forgets token, intents and begins with ${label}`, async (t) => {
      const uuid = t.newUuid()
      await t.begin(uuid, 'old')
      await t.begin(uuid, 'old')
      await t.retry(uuid, 'old')
      if (renew === undefined) {
        await t.begin(uuid, 'last', { digest: 'digest-2' })
        await t.commit(uuid, 'last', { state: 'FAILURE' })
        assert.equal(await t.reopen(uuid), true)
      } else {
        assert.equal(await t.pending(uuid, renew), 'written')
      }
      assert.deepEqual(await t.begin(uuid, 'new', { ifFirst: true }), run(1))
      assert.deepEqual(await t.commit(uuid, 'old'), { kind: 'fenced' })
      assert.deepEqual(await t.commit(uuid, 'new'), { kind: 'committed' })
    })
  }

  test('takes the createdAt of the write for a new generation', async (t) => {
    const uuid = t.newUuid()
    await t.pending(uuid, { createdAt: '2025-01-01T00:00:00Z' })
    await t.commit(uuid, 'any')
    await t.pending(uuid, { reset: true, taskName: '' })
    const state = await t.state(uuid)
    assert.deepEqual([state?.createdAt, state?.taskName], [CREATED_AT, 'add'])
  })

  test('fails only over the given states, and fences whoever still runs', async (t) => {
    const uuid = t.newUuid()
    await t.pending(uuid)
    await t.begin(uuid, 'running')
    assert.equal(await t.fail(uuid, { over: ['PENDING', 'RETRY'] }), 'exists')
    assert.equal((await t.state(uuid))?.state, 'STARTED')
    assert.equal(await t.fail(uuid, { over: ['STARTED'] }), 'written')
    const stored = await t.state(uuid)
    assert.deepEqual([stored?.state, stored?.error], ['FAILURE', 'cancelled: by test'])
    assert.deepEqual(await t.commit(uuid, 'running'), { kind: 'done', state: stored })
    const absent = t.newUuid()
    assert.equal(await t.fail(absent, { over: [] }), 'written')
    assert.equal((await t.state(absent))?.createdAt, CREATED_AT)
  })

  test('reopens only a FAILURE with the given beginning of its text', async (t) => {
    const [failed, succeeded] = [t.newUuid(), t.newUuid()]
    await t.fail(failed, { error: 'upstream task_1 failed: x%_y' })
    await t.commit(succeeded, 'any')
    assert.equal(await t.reopen(failed, 'upstream task_2'), false)
    assert.equal(await t.reopen(failed, 'upstream task_1 failed: x%%'), false)
    assert.equal(await t.reopen(failed, 'Upstream task_1'), false)
    assert.equal((await t.state(failed))?.state, 'FAILURE')
    assert.equal(await t.reopen(failed, 'upstream task_1'), true)
    assert.equal(await t.reopen(succeeded, 'upstream task_1'), false)
    assert.equal((await t.state(succeeded))?.state, 'SUCCESS')
  })

  test('applies a batch in order, also to one task', async (t) => {
    const [one, other] = [t.newUuid(), t.newUuid()]
    const { tasks } = t.backend
    const settled = <T>(answer: Promise<T>): Promise<T> => t.settled(answer, 'batch')
    assert.deepEqual(
      await settled(tasks.pending([pendingWrite(one), pendingWrite(one), pendingWrite(other)])),
      ['written', 'pending', 'written'],
    )
    assert.deepEqual(await settled(tasks.begin([beginWrite(one, 'a'), beginWrite(one, 'b')])), [
      run(1),
      run(2),
    ])
    const kinds = (outcomes: readonly { readonly kind: string }[]): readonly string[] =>
      outcomes.map(({ kind }) => kind)
    assert.deepEqual(
      kinds(
        await settled(tasks.retry([retryWrite(one, 'a'), retryWrite(one, 'b'), retryWrite(one, 'b')])),
      ).slice(0, 2),
      ['fenced', 'recorded'],
    )
    const commits = [
      commitWrite(one, 'a'),
      commitWrite(one, 'b'),
      commitWrite(one, 'b'),
      commitWrite(other, 'x'),
    ]
    assert.deepEqual(kinds(await settled(tasks.commit(commits))), [
      'fenced',
      'committed',
      'done',
      'committed',
    ])
    const absent = t.newUuid()
    const states = await settled(tasks.get([other, absent, one, other]))
    assert.deepEqual(
      states.map((state) => state?.uuid),
      [other, undefined, one, other],
    )
    assert.deepEqual(
      await Promise.all([settled(tasks.pending([])), settled(tasks.commit([])), settled(tasks.get([]))]),
      [[], [], []],
    )
  })
}
