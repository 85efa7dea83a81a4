import assert from 'node:assert/strict'
import { assertCode, assertErrorCode } from '../assert-code.ts'
import { beginWrite, groupInit, pendingWrite } from '../backend-harness.ts'
import { at, outgoing, texts, startClaim } from '../broker-harness.ts'
import { guarded, type SameStoreCase } from '../same-store-harness.ts'

const STORED = { outcome: 'stored' } as const

/** PENDING, groups and publish in one. */
export function sendCases(test: SameStoreCase): void {
  test('is there for parts of one store only', async (t) => {
    assert.equal(t.broker.sameStore?.(t.session.foreign), undefined)
  })

  test('stores states, groups and messages of one send', async (t) => {
    const [queue, group] = [t.newName('queue'), t.newName('group')]
    const [a, b] = [t.newName('task'), t.newName('task')]
    const unit = { groups: [groupInit(group, [a, b])], messages: [guarded(queue, a), guarded(queue, b)] }
    assert.deepEqual(await t.send(unit), [{ publish: STORED, states: ['written', 'written'] }])
    assert.deepEqual(await t.states(a, b), ['PENDING', 'PENDING'])
    const [stored] = await t.settled(t.backend.groups.get([group]), 'get')
    assert.deepEqual(stored?.taskUuids, [a, b])
    assert.deepEqual(await t.waiting(queue), [a, b])
  })

  test('publishes nothing whose state stands: a PENDING has its message, and the others went further', async (t) => {
    const queue = t.newName('queue')
    const [pending, done, fresh] = [t.newName('task'), t.newName('task'), t.newName('task')]
    await t.settled(t.backend.tasks.pending([pendingWrite(pending), pendingWrite(done)]), 'pending')
    await t.settled(t.backend.tasks.fail([{ ...FAIL, uuid: done }]), 'fail')
    const unit = { groups: [], messages: [pending, done, fresh].map((uuid) => guarded(queue, uuid)) }
    assert.deepEqual(await t.send(unit), [{ publish: STORED, states: ['pending', 'exists', 'written'] }])
    assert.deepEqual(await t.states(pending, done, fresh), ['PENDING', 'FAILURE', 'PENDING'])
    assert.deepEqual(await t.waiting(queue), [fresh])
  })

  test('publishes nothing whose state stands, also where each is a send of its own', async (t) => {
    const queue = t.newName('queue')
    const [pending, done] = [t.newName('task'), t.newName('task')]
    const [fresh, last] = [t.newName('task'), t.newName('task')]
    await t.settled(t.backend.tasks.pending([pendingWrite(pending), pendingWrite(done)]), 'pending')
    await t.settled(t.backend.tasks.fail([{ ...FAIL, uuid: done }]), 'fail')
    const single = (uuid: string) => ({ groups: [], messages: [guarded(queue, uuid)] })
    const outcomes = await t.send(...[pending, fresh, done, fresh, last].map(single))
    assert.deepEqual(
      outcomes,
      ['pending', 'written', 'exists', 'pending', 'written'].map((state) => ({
        publish: STORED,
        states: [state],
      })),
    )
    assert.deepEqual(await t.states(pending, done, fresh, last), ['PENDING', 'FAILURE', 'PENDING', 'PENDING'])
    assert.deepEqual(await t.waiting(queue), [fresh, last])
  })

  test('keeps the order of sends to a queue, whatever they are', async (t) => {
    const [queue, other, group] = [t.newName('queue'), t.newName('queue'), t.newName('group')]
    const [a, b, c] = [t.newName('task'), t.newName('task'), t.newName('task')]
    const [d, e, f] = [t.newName('task'), t.newName('task'), t.newName('task')]
    const single = (uuid: string, to = queue) => ({ groups: [], messages: [guarded(to, uuid)] })
    const units = [
      single(a),
      { groups: [groupInit(group, [b, c])], messages: [guarded(queue, b), guarded(queue, c)] },
      single(d),
      single(e, other),
      { groups: [], messages: [{ message: outgoing(queue, 'no state', { uuid: f }), pending: undefined }] },
      single(f),
    ]
    const outcomes = await t.send(...units)
    assert.deepEqual(
      outcomes.map(({ states }) => states),
      units.map(({ messages }) => messages.map(() => 'written')),
    )
    assert.deepEqual(await t.waiting(queue), [a, b, c, d, 'no state', f])
    assert.deepEqual(await t.waiting(other), [e])
  })

  test('publishes a new generation of what is done', async (t) => {
    const [queue, uuid] = [t.newName('queue'), t.newName('task')]
    await t.settled(t.backend.tasks.fail([{ ...FAIL, uuid }]), 'fail')
    const messages = [{ ...guarded(queue, uuid), pending: pendingWrite(uuid, { reset: true }) }]
    assert.deepEqual(await t.send({ groups: [], messages }), [{ publish: STORED, states: ['written'] }])
    assert.deepEqual(await t.states(uuid), ['PENDING'])
    assert.deepEqual(await t.waiting(queue), [uuid])
  })

  test('publishes a message without a state', async (t) => {
    const [queue, uuid] = [t.newName('queue'), t.newName('task')]
    const messages = [{ message: outgoing(queue, 'no state', { uuid }), pending: undefined }]
    assert.deepEqual(await t.send({ groups: [], messages }), [{ publish: STORED, states: ['written'] }])
    assert.deepEqual(await t.states(uuid), [undefined])
    assert.deepEqual(await t.waiting(queue), ['no state'])
  })

  test('does nothing of a send of which one message is refused, and all of its neighbours', async (t) => {
    const [queue, group] = [t.newName('queue'), t.newName('group')]
    const [a, b, before, after] = [t.newName('task'), t.newName('task'), t.newName('task'), t.newName('task')]
    const tooLarge = new Uint8Array(t.broker.capabilities.maxBodyBytes + 1)
    const bad = {
      groups: [groupInit(group, [a, b])],
      messages: [guarded(queue, a), guarded(queue, b, { body: tooLarge })],
    }
    const single = (uuid: string) => ({ groups: [], messages: [guarded(queue, uuid)] })
    const outcomes = await t.send(single(before), bad, single(after))
    assert.deepEqual(
      outcomes.map(({ publish }) => publish.outcome),
      ['stored', 'refused', 'stored'],
    )
    assertErrorCode(at(outcomes, 1).publish.error, 'ERR_MESSAGE_TOO_LARGE')
    assert.deepEqual(await t.states(before, a, b, after), ['PENDING', undefined, undefined, 'PENDING'])
    assert.deepEqual(await t.settled(t.backend.groups.get([group]), 'get'), [undefined])
    assert.deepEqual(await t.waiting(queue), [before, after])
  })

  test('holds back what is delayed, where the broker can', async (t) => {
    const [queue, uuid] = [t.newName('queue'), t.newName('task')]
    const [outcome] = await t.send({ groups: [], messages: [guarded(queue, uuid, { delayMs: 3_600_000 })] })
    const can = t.broker.capabilities.delay !== 'none'
    assert.equal(outcome?.publish.outcome, can ? 'stored' : 'refused')
    assert.deepEqual(await t.states(uuid), [can ? 'PENDING' : undefined])
    assert.deepEqual(await t.waiting(queue), [])
  })

  test('calls no delivery new whose task was begun or has ended', async (t) => {
    const queue = t.newName('queue')
    const [fresh, unknown] = [t.newName('task'), t.newName('task')]
    const [begun, done] = [t.newName('task'), t.newName('task')]
    await t.settled(
      t.backend.tasks.pending([fresh, begun, done].map((uuid) => pendingWrite(uuid))),
      'pending',
    )
    await t.settled(t.backend.tasks.begin([beginWrite(begun, 'token')]), 'begin')
    await t.settled(t.backend.tasks.fail([{ ...FAIL, uuid: done }]), 'fail')
    const consumer = await t.consume(queue)
    const messages = [fresh, unknown, begun, done].map((uuid) =>
      outgoing(queue, `{"UUID":"${uuid}"}`, { uuid }),
    )
    await t.settled(t.broker.publish(messages), 'publish')
    const deliveries = await t.settled(consumer.claim(4), 'claim')
    assert.deepEqual(
      texts(deliveries),
      messages.map(({ body }) => Buffer.from(body).toString()),
    )
    assert.deepEqual(
      deliveries.slice(2).map(({ isNew = false }) => isNew),
      [false, false],
    )
  })

  test('wakes a waiting claim', async (t) => {
    const [queue, uuid] = [t.newName('queue'), t.newName('task')]
    const consumer = await t.consume(queue)
    const claimed = startClaim(consumer, 1)
    await t.pass(20)
    const { clock } = t.session
    const sent = clock.monotonic()
    await t.send({ groups: [], messages: [guarded(queue, uuid)] })
    assert.deepEqual(texts(await t.settled(claimed, 'claim')), [uuid])
    assert.ok(clock.monotonic() - sent <= 200, `woke after ${clock.monotonic() - sent} ms`)
  })

  test('answers 100 units in order', async (t) => {
    const queue = t.newName('queue')
    const uuids = Array.from({ length: 100 }, () => t.newName('task'))
    const outcomes = await t.send(...uuids.map((uuid) => ({ groups: [], messages: [guarded(queue, uuid)] })))
    assert.equal(outcomes.length, 100)
    const received = await t.waiting(queue)
    assert.deepEqual(
      t.broker.capabilities.ordering === 'fifo' ? received : received.toSorted(),
      t.broker.capabilities.ordering === 'fifo' ? uuids : uuids.toSorted(),
    )
    assert.deepEqual(await t.send(), [])
  })

  test('is closed with its broker', async (t) => {
    await t.settled(t.broker.close(), 'close')
    await assertCode(t.send({ groups: [], messages: [] }), 'ERR_CLOSED')
  })
}

const FAIL = {
  taskName: '',
  error: 'cancelled: by test',
  createdAt: '',
  over: ['PENDING'],
  expiresInMs: 3_600_000,
} as const
